"""Compare a file's columns with the fields of the model."""

from collections import Counter
from collections.abc import Sequence

from ..errors import MalformedError
from ..manifest import Manifest

SHOWN = 10  # columns that an error names
LONGEST = 60  # characters of a column's name in an error
SEPARATORS = ",;\t|"
FIELDS = "`batch` takes the model's fields, as GET /model lists them, and does not run `load`."


def check_header(names: Sequence[str], manifest: Manifest, *, separator: str = "") -> list[str]:
    """Return the fields that a file does not have, and that may be missing.

    Args:
        names: of the file's columns.
        manifest: of the model.
        separator: of the columns, if they have one.

    Raises:
        MalformedError: the header names a field twice, or lacks one that may not be missing, or
            all of them.
    """
    counts = Counter(names)
    expected = [each.name for each in manifest.features]
    if twice := [name for name in expected if counts[name] > 1]:
        raise MalformedError(f"its header names {_list(twice)} twice; rename or remove a column.")
    absent = [name for name in expected if not counts[name]]
    required = [each.name for each in manifest.features if not each.nullable]
    if len(absent) < len(expected) and not set(absent).intersection(required):
        return absent
    message = f"its header has no {_list(absent)}; it has {_list(names)}. "
    raise MalformedError(message + _find_hint(names, separator))


def _find_hint(names: Sequence[str], separator: str) -> str:
    """Return what to do about columns that are absent."""
    first = "".join(names[:1])
    if first.lower().startswith("sep="):
        return "Only spreadsheets read a first line that begins with sep=; delete it."
    if separator and len(names) == 1 and any(each in first for each in SEPARATORS):
        return f"Columns are separated by {separator!r} in the training data; check the separator."
    return FIELDS


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of which no two are the same: the second "a" becomes "a.1", as in pandas."""
    chosen: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in chosen or (number and candidate in names):
            number += 1
            candidate = f"{name}.{number}"
        chosen.append(candidate)
    return chosen


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(
        repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}…") for name in names[:SHOWN]
    )
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"

"""What is wrong with a column, and the lines of `[data]` that are the way out."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from ...errors import FieldError

Markers = Callable[[], Sequence[str]]  # the texts for a missing value that the files have

BARE = re.compile(r"[A-Za-z0-9_-]+").fullmatch
SHOWN = 60  # characters of a value in an error


class Remedy(NamedTuple):
    """A line of `[data]`: its key, the column, and what is written.

    `value` is a dtype for "dtypes", the texts for "missing", and for "notation", two lines, the
    decimal and the thousands separator, empty to leave one as it is; `when` is its condition.
    """

    key: Literal["drop", "index", "dtypes", "missing", "notation", "drop_missing_target"]
    column: str
    value: str | tuple[str, ...] = ""
    when: str = ""


class Finding(NamedTuple):
    """What is wrong with a column; training refuses it if `blocking`, and warns otherwise."""

    column: str
    problem: str
    remedies: tuple[Remedy, ...] = ()
    blocking: bool = True

    @property
    def error(self) -> FieldError:
        """Return the finding as one line, with every way out."""
        ways = [f"{' and '.join(toml_lines([e]))} {e.when}".strip() for e in self.remedies]
        way_out = f"; under [data] write {', or '.join(ways)}" if ways else ""
        return FieldError(self.column or '""', self.problem + way_out)


def toml_lines(remedies: Sequence[Remedy]) -> list[str]:
    """Return the lines that combine remedies, one for each key."""
    names: dict[str, list[str]] = {"drop": [], "index": [], "missing": []}
    dtypes: dict[str, str] = {}
    unlabelled = False
    notations = [each for each in remedies if each.key == "notation"]
    for each in remedies:
        if each.key == "notation":
            continue
        if each.key == "drop_missing_target":
            unlabelled = True
        elif isinstance(each.value, tuple):
            names["missing"] += each.value
        elif each.key == "dtypes":
            dtypes.setdefault(each.column, each.value)
        else:
            names[each.key].append(each.column)
    first, *more = names["index"] or [""]
    names["drop"] += more  # there is one index
    lines = _notation_lines(notations)
    lines += [f"index = {quote(first)}"] if names.pop("index") else []
    for key, listed in names.items():
        if listed:
            lines.append(f"{key} = [{', '.join(map(quote, dict.fromkeys(listed)))}]")
    if unlabelled:
        lines.append("drop_missing_target = true")
    if dtypes:
        pairs = (
            f"{name if BARE(name) else quote(name)} = {quote(dtype)}"
            for name, dtype in dtypes.items()
        )
        lines.append(f"dtypes = {{ {', '.join(pairs)} }}")
    return lines


def _notation_lines(remedies: Iterable[Remedy]) -> list[str]:
    """Return the lines of the signs in a number, of which there is one notation for a file."""
    signs: dict[str, str] = {}
    # What is certain comes first: a value may be of two notations, and another column of one.
    for each in sorted(remedies, key=lambda remedy: remedy.when != ""):
        stated = zip(("decimal", "thousands"), each.value, strict=True)
        merged = {key: sign for key, sign in stated if sign} | signs
        if len({*merged.values()}) == len(merged):
            signs = merged
    return [f"{key} = {quote(signs[key])}" for key in sorted(signs)]


def quote(text: str) -> str:
    """Return a text as a TOML string, which JSON's are as well."""
    return json.dumps(text, ensure_ascii=False)


def counted(count: int, noun: str) -> str:
    """Return a number of things, as in "1 row" and "2 rows"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shorten(value: object) -> str:
    """Return a value in quotes, on one line and of bounded length."""
    text = str(value)
    return quote(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")

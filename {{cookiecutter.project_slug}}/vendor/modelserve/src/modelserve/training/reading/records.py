"""Read files of records: JSON Lines, and Parquet."""

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import from_json

from ...errors import DialectError, FieldError, InvalidInputError, TrainingError
from ...file_formats import is_unnamed_index
from ..frames import with_plain_numbers
from .files import read_bytes, unreadable
from .remedies import shorten
from .sniff import find_encoding_fault, find_other_format

LISTED = 5  # bad lines of a file in an error
ORIENT = (
    "write an object on each line instead, with pandas by "
    'frame.to_json(path, orient="records", lines=True)'
)


def read_json_lines(path: Path, encoding: str) -> list[dict[str, Any]]:
    """Return the object on each line.

    Raises:
        InvalidInputError: the file cannot be read, or lines are no JSON objects; each is named.
    """
    try:
        content = read_bytes(path)
        if other := find_other_format(content):
            raise DialectError([FieldError(str(path), other.problem)], other.changes)
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        if fault := find_encoding_fault(content, encoding):
            problem = FieldError(str(path), f"cannot be read: {fault.problem}")
            raise DialectError([problem], fault.changes) from error
        raise unreadable(path, error) from error
    if text.lstrip().startswith("["):
        raise unreadable(path, f"it is one JSON array; {ORIENT}")
    records, errors = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = from_json(line, allow_inf_nan=False)
        except ValueError as error:
            errors.append(FieldError(f"{path}, line {number}", f"is no JSON: {error}"))
            continue
        if isinstance(record, dict):
            records.append(record)
        else:
            errors.append(FieldError(f"{path}, line {number}", "is no JSON object"))
    if _is_nested(records) or (errors and not records and _is_json(text)):
        raise unreadable(path, f"it is one JSON object with the values of all rows; {ORIENT}")
    if errors:
        more = len(errors) - LISTED
        rest = [FieldError(str(path), f"{more} more lines are no JSON objects")] if more > 0 else []
        raise InvalidInputError(errors[:LISTED] + rest)
    return records


def _is_nested(records: list[dict[str, Any]]) -> bool:
    """Return whether there is one record, and it has columns instead of values."""
    return len(records) == 1 and all(isinstance(e, dict | list) for e in records[0].values())


def _is_json(text: str) -> bool:
    """Return whether a whole text is one JSON object on several lines."""
    try:
        return isinstance(from_json(text), dict)
    except ValueError:
        return False


def to_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a column for each key; where a record lacks it, the value is missing."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: _to_column([record.get(name) for record in records]) for name in names}
    return pd.DataFrame(columns)


def _to_column(values: list[Any]) -> pd.Series:
    """Return values as a column of one type, or of objects where they are of several types."""
    if {type(value) for value in values} <= {int, float, type(None)}:
        whole = all(isinstance(value, int | None) for value in values)
        return pd.Series(pd.array(values, dtype="Int64" if whole else "Float64"))
    return pd.Series(values, dtype=object).convert_dtypes()


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file's rows; the levels of an index that have a name are columns.

    Raises:
        TrainingError: pyarrow is not installed.
        InvalidInputError: the file cannot be read, or an index and a column have one name.
    """
    try:
        frame = pd.read_parquet(path, engine="pyarrow", dtype_backend="numpy_nullable")
    except ImportError as error:
        raise TrainingError(
            f"{path.name} is a Parquet file, and pyarrow is not installed. In pyproject.toml, add "
            "parquet to those in the brackets behind modelserve in `training`, then run "
            "`uvx nox -s lock` and `uvx nox -s dev`."
        ) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    frame = frame.set_axis(frame.columns.map(str), axis="columns")  # such as of several levels
    frame = with_plain_numbers(frame)
    levels = [level for level, name in enumerate(frame.index.names) if name is not None]
    names = [str(frame.index.names[level]) for level in levels]
    if twice := [name for name in names if name in frame or names.count(name) > 1]:
        problem = f"an index and another column are named {shorten(twice[0])}; rename one of them"
        raise InvalidInputError([FieldError(str(path), problem)])
    frame = frame.reset_index(level=levels) if levels else frame
    numbered = [name for name in frame.columns if is_unnamed_index(name)]
    return frame.drop(columns=numbered).reset_index(drop=True)

"""The columns of captured rows, checked against the schema and of one type each."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from math import isfinite, isnan
from operator import itemgetter
from typing import Any, NamedTuple

from ..manifest import Feature, Manifest
from ..monitoring.ingest.bodies import REDACTED, TEXTS
from ..monitoring.table_inputs import BOOLEANS
from .counts import RowCounts

MAX_FLOAT32 = 3.4028234663852886e38
MAX_INT64 = 2**63 - 1
NUMBERS = frozenset((int, float))
NAN = re.compile(r"\s*[+-]?nan\s*", re.IGNORECASE).fullmatch

Cells = list[Any]


class ColumnCells(NamedTuple):
    """The values of a column, and the rows in which they are none."""

    values: Cells
    redacted: frozenset[int] = frozenset()
    misfit: frozenset[int] = frozenset()


def read_columns(
    rows: Sequence[Mapping[str, Any]], manifest: Manifest, counts: RowCounts
) -> tuple[list[Cells], list[bool] | None]:
    """Return the columns of the rows that fit the schema, and count the others.

    Args:
        rows: as they were captured.
        manifest: with the schema, and the texts that stand for a missing value.
        counts: of all rows so far.

    Returns:
        the values of each feature, None for a missing one, and for each of `rows` whether it fits;
        None if all do.
    """
    features = manifest.features
    columns = [
        read_column(_cells(rows, each.name), each, manifest.missing_texts(each))
        for each in features
    ]
    redacted = frozenset[int]().union(*(column.redacted for column in columns))
    misfit: set[int] = set()
    for feature, column in zip(features, columns, strict=True):
        if new := column.misfit - redacted - misfit:
            counts.misfit[feature.name] += len(new)
            misfit |= new
    counts.redacted += len(redacted)
    if not (redacted or misfit):
        return [column.values for column in columns], None
    fits = [i not in redacted and i not in misfit for i in range(len(rows))]
    return [list(compress(column.values, fits)) for column in columns], fits


def _cells(rows: Sequence[Mapping[str, Any]], name: str) -> Cells:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def read_column(cells: Cells, feature: Feature, missing: frozenset[str]) -> ColumnCells:
    """Return the values of one column: float, int, bool or str."""
    values = USUAL[feature.dtype](cells)
    if values is None or (feature.dtype in TEXTS and not missing.isdisjoint(values)):
        return _read_each(cells, feature, missing)
    return ColumnCells(values)


def _read_each(cells: Cells, feature: Feature, missing: frozenset[str]) -> ColumnCells:
    parse = PARSERS[feature.dtype]
    values: Cells = []
    redacted, misfit = set(), set()
    for i, cell in enumerate(cells):
        value = None
        if isinstance(cell, str) and cell == REDACTED:
            redacted.add(i)
        elif _is_missing(cell, feature, missing):
            if not feature.nullable:
                misfit.add(i)
        else:
            try:
                value = parse(cell)
            except (OverflowError, TypeError, ValueError):
                misfit.add(i)
        values.append(value)
    return ColumnCells(values, frozenset(redacted), frozenset(misfit))


def _is_missing(cell: Any, feature: Feature, missing: frozenset[str]) -> bool:
    if isinstance(cell, str):
        return cell in missing or (feature.dtype not in TEXTS and bool(NAN(cell)))
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _usual_numbers(cells: Cells) -> Cells | None:
    """Return the values if each is an ordinary number, or else None."""
    types = set(map(type, cells))
    try:
        usual = types <= NUMBERS and all(map(isfinite, cells))
        if usual and min(cells) >= -MAX_FLOAT32 and max(cells) <= MAX_FLOAT32:
            return cells if types == {float} else list(map(float, cells))
    except OverflowError:
        pass
    return None


def _usual_integers(cells: Cells) -> Cells | None:
    usual = set(map(type, cells)) == {int} and min(cells) >= -MAX_INT64 and max(cells) <= MAX_INT64
    return cells if usual else None


def _usual_booleans(cells: Cells) -> Cells | None:
    return cells if set(map(type, cells)) == {bool} else None


def _usual_texts(cells: Cells) -> Cells | None:
    return cells if set(map(type, cells)) == {str} and REDACTED not in cells else None


def _number(cell: Any) -> float:
    if isinstance(cell, bool):
        raise TypeError
    value = float(cell)
    if not abs(value) <= MAX_FLOAT32:  # NaN is not, either
        raise ValueError
    return value


def _integer(cell: Any) -> int:
    value = _number(cell)
    whole = int(cell) if isinstance(cell, int) else int(value)
    if whole != value and not isinstance(cell, int):
        raise ValueError
    if abs(whole) > MAX_INT64:
        raise ValueError
    return whole


def _boolean(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    spelled = BOOLEANS.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell
    value = float(spelled)
    if value not in (0, 1):
        raise ValueError
    return bool(value)


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        raise TypeError
    return cell


USUAL: Mapping[str, Callable[[Cells], Cells | None]] = {
    "number": _usual_numbers,
    "integer": _usual_integers,
    "boolean": _usual_booleans,
    "category": _usual_texts,
    "text": _usual_texts,
}
PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _text,
    "text": _text,
}

"""Rows at the edges of an artifact's schema, and beyond them: true for every project."""

from collections.abc import Iterator
from typing import Any

from ..manifest import Feature
from ..types import Row, Rows

MOST_CATEGORIES = 20  # of one field that are tried
LARGEST = 3.4028234663852886e38  # float32 holds no more
LARGEST_WHOLE = 2**24  # up to here float32 holds every integer

INVALID: dict[str, tuple[Any, ...]] = {
    "number": ("many", True, [1], {}, 1e39),
    "integer": ("many", 1.5, True, [1], LARGEST_WHOLE + 1),
    "boolean": ("yes", 2, 0.5, []),
    "category": (1, True, "", []),
    "text": (1, True, "", "   ", []),
}


def edge_rows(features: tuple[Feature, ...], row: Row) -> Rows:
    """Return rows that are valid: each field once at its smallest, its largest, and missing.

    Args:
        features: of the manifest.
        row: a valid row, such as a golden case's input.
    """
    rows = [{**row, each.name: value} for each in features for value in _edges(each, row)]
    return rows + [_without(row, each.name) for each in features if each.nullable]


def invalid_rows(features: tuple[Feature, ...], row: Row) -> list[tuple[str, Row]]:
    """Return rows with one invalid field, each with that field's name.

    Args:
        features: of the manifest.
        row: a valid row.
    """
    found: list[tuple[str, Row]] = []
    for each in features:
        gaps = ("",) if each.dtype == "category" and each.nullable else ()
        wrong = [value for value in INVALID[each.dtype] if value not in gaps]
        found += [(each.name, {**row, each.name: value}) for value in wrong]
        if not each.nullable:
            found.append((each.name, {**row, each.name: None}))
            found.append((each.name, _without(row, each.name)))
    return found


def out_of_range_rows(features: tuple[Feature, ...], row: Row) -> Rows:
    """Return rows with one value that training did not see, which are answered all the same.

    A number lies as far beyond the range of training as it is wide, as far as float32 goes.
    """
    return [{**row, each.name: value} for each in features for value in _beyond(each, row)]


def _without(row: Row, name: str) -> Row:
    return {key: value for key, value in row.items() if key != name}


def _edges(feature: Feature, row: Row) -> Iterator[Any]:
    if feature.nullable:
        yield None
    if feature.dtype == "category":
        yield from feature.categories[:MOST_CATEGORIES]
    elif feature.dtype == "boolean":
        yield from (True, False)
    elif feature.dtype == "text":
        yield from ("a", "?!", "Olá, até já! 你好 🙂", str(row[feature.name]).upper())
    else:
        kind = int if feature.dtype == "integer" else float
        yield from (kind(end) for end in (feature.minimum, feature.maximum) if end is not None)


def _beyond(feature: Feature, row: Row) -> Iterator[Any]:
    if feature.dtype == "category":
        unseen = "unseen"
        while unseen in feature.categories:
            unseen += "?"
        yield unseen
    elif feature.dtype == "text":
        yield " ".join([str(row[feature.name])] * 20)
    elif feature.minimum is not None and feature.maximum is not None:
        width = max(1.0, feature.maximum - feature.minimum)
        kind, limit = (int, LARGEST_WHOLE) if feature.dtype == "integer" else (float, LARGEST)
        for value in (feature.minimum - width, feature.maximum + width):
            if feature.dtype != "boolean" and abs(value) <= limit:
                yield kind(value)

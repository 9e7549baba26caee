"""Rows of a table: their schema, and the way from JSON to the array that the model takes."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from ..artifact import Feature, Manifest
from .arrays import Feeds
from .schemas import request_error, typed_dict

TENSOR = "features"
LIMIT = 3.4028234663852886e38  # the largest float32
KINDS: dict[str, type] = {"number": float, "integer": int, "boolean": bool}


def field_type(feature: Feature) -> Any:
    """Return the annotated type of one field: strict, finite, and within float32's reach."""
    seen = f"Seen in training: {feature.minimum:g} to {feature.maximum:g}."
    if feature.kind == "boolean":
        return Annotated[bool, Field(examples=[bool(feature.example)])]
    kind = KINDS[feature.kind]
    return Annotated[
        kind,
        Field(
            ge=-LIMIT if kind is float else -(2**24),  # float32 holds integers up to 2**24
            le=LIMIT if kind is float else 2**24,
            examples=[kind(feature.example)],
            description=seen,
        ),
    ]


class Inputs:
    """The table's columns, in the order in which the model takes them.

    Args:
        manifest: lists the features.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Build the row's type from the features."""
        self.features = manifest.features
        names = [feature.name for feature in self.features]
        self.row = typed_dict("Row", {each.name: field_type(each) for each in self.features})
        self._width = len(names)
        self._pick = itemgetter(*names) if self._width > 1 else lambda row: (row[names[0]],)
        self._rows = TypeAdapter(list[self.row])  # type: ignore[name-defined]

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> Feeds:
        """Return float32 of shape (rows, n_features) for validated rows."""
        values = chain.from_iterable(map(self._pick, rows))
        flat = np.fromiter(values, dtype=np.float32, count=len(rows) * self._width)
        return {TENSOR: flat.reshape(-1, self._width)}

    def parse(self, rows: Sequence[Any], *, text: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return rows as they were read from a file as validated rows.

        Args:
            rows: mappings of names to values; with `text`, to their spelling, as CSV has it.
            text: whether values are spelled.

        Raises:
            InvalidInputError: rows are wrong; each pointer begins with the row's number.
        """
        try:
            return self._rows.validate_python(list(rows), strict=False if text else None)
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error

    def example(self) -> dict[str, Any]:
        """Return a row in the middle of what training saw."""
        return {each.name: KINDS[each.kind](each.example) for each in self.features}

    def form(self) -> list[dict[str, Any]]:
        """Return what a form shows for each field."""
        return [feature.model_dump() for feature in self.features]

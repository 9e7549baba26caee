"""Tables with one tensor a column, as MLServer sends those of pandas."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...manifest import Feature
from ...types import Tensor
from ..capture import REDACTED
from .datatypes import BYTES


class Columns:
    """The model's fields as tensors of their own, and as columns of its tensors.

    Args:
        features: the model's fields.
        tensors: the model's signature, one or two dimensions each.
    """

    def __init__(self, features: Sequence[Feature], tensors: Sequence[Tensor]) -> None:
        """Group the fields by tensor."""
        texts = {each.name for each in features if each.dtype in ("category", "text")}
        self._tensors = tensors
        self._columns = {
            tensor.name: [
                each for each in features if (each.name in texts) == (tensor.datatype == BYTES)
            ]
            for tensor in tensors
        }
        self.tensors = {
            each.name: Tensor(each.name, tensor.datatype, (-1,), nullable=each.nullable)
            for tensor in tensors
            for each in self._columns[tensor.name]
        }
        self.boolean = {each.name for each in features if each.dtype == "boolean"} | {
            name
            for name, columns in self._columns.items()
            if columns and all(each.dtype == "boolean" for each in columns)
        }

    def assemble(self, given: Mapping[str, NDArray[Any]], rows: int) -> dict[str, NDArray[Any]]:
        """Return the model's tensors.

        Args:
            given: arrays of shape (rows,) by column; a missing one is all missing values.
            rows: their number.
        """
        assembled = {}
        for tensor in self._tensors:
            empty: NDArray[Any] = (
                np.full(rows, "", dtype=object)
                if tensor.datatype == BYTES
                else np.full(rows, np.nan, dtype=np.float32)
            )
            columns = [given.get(each.name, empty) for each in self._columns[tensor.name]]
            assembled[tensor.name] = (
                np.stack(columns, axis=1) if len(tensor.shape) > 1 else columns[0]
            )
        return assembled

    def redact(self, tensor: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
        """Return a tensor in JSON with the values of some fields redacted, and nothing beside it.

        Args:
            tensor: of a request; all of its data is redacted if they are not one flat list.
            names: of the fields.
        """
        redacted = {each: tensor[each] for each in ("name", "shape", "datatype")}
        columns, data = self._columns.get(tensor["name"], []), tensor["data"]
        if not columns or any(isinstance(each, list) for each in data):
            return redacted | {"data": REDACTED}
        kept, width = [*data], len(columns)
        for i, column in enumerate(columns):
            if column.name in names:
                kept[i::width] = [REDACTED] * len(kept[i::width])
        return redacted | {"data": kept}

    def locate(self, tensor: str, index: int) -> tuple[str, int]:
        """Return the column of a value in one of the model's tensors, and its row."""
        columns = self._columns[tensor]
        row, column = divmod(index, len(columns))
        return columns[column].name, row

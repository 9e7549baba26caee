"""Reads a JSON tensor into an array, or returns its errors."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FieldError
from ...types import Tensor

DTYPES: dict[str, type] = {
    "FP32": np.float32,
    "FP64": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "BOOL": np.bool_,
    "BYTES": np.object_,
}
# The JSON types of a datatype; any number for the others.
KINDS: dict[str, tuple[type, ...]] = {
    "INT64": (int,),
    "INT32": (int,),
    "BOOL": (bool,),
    "BYTES": (str,),
}

# The value of an array for a missing one.
MISSING: dict[str, float | str] = {"FP32": math.nan, "FP64": math.nan, "BYTES": ""}


def read(
    tensor: Tensor, given: dict[str, Any], where: str
) -> tuple[NDArray[Any], list[FieldError]]:
    """Return one tensor and its errors; its data may be flat or nested."""
    shape = tuple(given["shape"])
    field_errors = []
    if given["datatype"] != tensor.datatype:
        field_errors.append(FieldError(f"{where}/datatype", f"should be {tensor.datatype}"))
    if len(shape) != len(tensor.shape) or any(
        expected not in (-1, size) for expected, size in zip(tensor.shape, shape, strict=False)
    ):
        field_errors.append(
            FieldError(f"{where}/shape", f"should be {list(tensor.shape)}, -1 free")
        )
    flat = _flatten(given["data"])
    if len(flat) != math.prod(shape):
        field_errors.append(
            FieldError(f"{where}/data", f"{len(flat)} values; the shape has {math.prod(shape)}")
        )
    kinds = KINDS.get(tensor.datatype, (int, float))
    missing_at = {i for i, value in enumerate(flat) if value is None and tensor.nullable}
    wrong = [i for i, value in enumerate(flat) if type(value) not in kinds and i not in missing_at]
    field_errors += [
        FieldError(f"{where}/data/{i}", f"should be a value of {tensor.datatype}") for i in wrong
    ]
    if field_errors:
        return np.empty(0), field_errors
    missing = MISSING.get(tensor.datatype)
    try:
        with np.errstate(over="ignore"):
            filled = [missing if value is None else value for value in flat] if missing_at else flat
            array = np.array(filled, dtype=DTYPES[tensor.datatype]).reshape(shape)
        if array.dtype.kind != "f" or np.isfinite(array).sum() == len(flat) - len(missing_at):
            return array, []
    except OverflowError:
        pass  # an integer with more digits than the datatype can hold
    return np.empty(0), [
        FieldError(f"{where}/data/{i}", f"should be finite and within {tensor.datatype}'s reach")
        for i, value in enumerate(flat)
        if i not in missing_at and not _fits(value, DTYPES[tensor.datatype])
    ]


def _fits(value: float, dtype: type) -> bool:
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.asarray(value, dtype=dtype)))
    except OverflowError:
        return False


def _flatten(data: list[Any]) -> list[Any]:
    while data and any(isinstance(value, list) for value in data):
        data = [
            inner for value in data for inner in (value if isinstance(value, list) else [value])
        ]
    return data

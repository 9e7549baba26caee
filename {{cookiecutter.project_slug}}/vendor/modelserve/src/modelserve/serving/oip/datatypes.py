"""The protocol's datatypes, and which of them a tensor of the model takes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...types import Tensor

BYTES, BOOL = "BYTES", "BOOL"
# As numpy has them; little-endian, as the extension for binary tensors asks.
DTYPES: dict[str, np.dtype[Any]] = {
    BOOL: np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    BYTES: np.dtype("O"),
}
NUMERIC = frozenset(DTYPES) - {BOOL, BYTES}


class Converted(NamedTuple):
    """An array of the model's datatype, and the flat indices of values that do not fit it."""

    array: NDArray[Any]
    misfits: list[int]


def accepted(tensor: Tensor, *, boolean: bool) -> frozenset[str]:
    """Return the datatypes that are accepted for a tensor: any numbers for numbers.

    numpy's integers are INT64 and its fractions FP64, whatever the model's graph takes.

    Args:
        tensor: of the model.
        boolean: whether its numbers can only be 0 and 1.
    """
    if tensor.datatype in (BYTES, BOOL):
        return frozenset({tensor.datatype})
    return NUMERIC | {BOOL} if boolean else NUMERIC


def convert(values: NDArray[Any], tensor: Tensor) -> Converted:
    """Return numbers as the model's datatype: fractions are rounded as those of JSON are.

    A number beyond the datatype does not fit, nor does a fraction in an integer's place, or NaN
    where nothing may be missing.
    """
    dtype = DTYPES[tensor.datatype]
    with np.errstate(all="ignore"):
        if dtype.kind == "f":
            array = values.astype(dtype)
            wrong = ~np.isfinite(array)
            if tensor.nullable and values.dtype.kind == "f":
                wrong &= ~np.isnan(values)
        elif dtype.kind in "iu":
            limits = np.iinfo(dtype)
            inside = (values >= limits.min) & (values <= limits.max) & (values % 1 == 0)
            wrong = ~inside.astype(np.bool_)
            array = np.where(wrong, 0, values).astype(dtype)
        else:
            array, wrong = values.astype(dtype), np.zeros(values.shape, dtype=np.bool_)
    return Converted(array, np.flatnonzero(wrong).tolist())

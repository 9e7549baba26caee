"""Reads a tensor of a request into an array of the model's datatype, or returns its errors."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from ...errors import FieldError
from ...types import Tensor
from ..problems import LISTED
from .binary import read_array
from .datatypes import BOOL, BYTES, DTYPES, accepted, convert

MISSING_TEXT = ""  # in place of null, as NaN is for numbers
PANDAS = "pd_json"  # MLServer's content type of a column of texts in which some are missing

Given = Mapping[str, Any]


def check_header(
    tensor: Tensor, given: Given, where: str, *, boolean: bool = False
) -> list[FieldError]:
    """Return what is wrong with a tensor's datatype and shape.

    An axis of 1 may stand behind the others, or be left out: MLServer's codecs send texts so.

    Args:
        tensor: of the model.
        given: a tensor of the request.
        where: it stands, as a JSON pointer.
        boolean: whether its numbers can only be 0 and 1.
    """
    field_errors = []
    if given["datatype"] not in accepted(tensor, boolean=boolean):
        field_errors.append(FieldError(f"{where}/datatype", f"should be {tensor.datatype}"))
    shape, expected = _squeeze(given["shape"]), _squeeze(tensor.shape)
    if len(shape) != len(expected) or any(
        wanted not in (-1, size) for wanted, size in zip(expected, shape, strict=True)
    ):
        problem = f"should be {list(tensor.shape)}, -1 free"
        field_errors.append(FieldError(f"{where}/shape", problem))
    return field_errors


def read(
    tensor: Tensor, given: Given, where: str, data: memoryview | None = None
) -> tuple[NDArray[Any], list[FieldError]]:
    """Return one tensor, and its errors: of many, those of its first values.

    Args:
        tensor: of the model.
        given: a tensor of the request whose datatype and shape are right.
        where: it stands, as a JSON pointer.
        data: its values in binary; without them, they stand in `given`, flat or nested.
    """
    values: NDArray[Any] | None
    count = math.prod(given["shape"])
    if data is None:
        listed = _flatten(given.get("data"), given["shape"])
        if listed is None:
            problem = f"should be {count} values, flat or nested as the shape says"
            return np.empty(0), [FieldError(f"{where}/data", problem)]
        if given["datatype"] == BYTES and _content_type(given) == PANDAS:
            listed = _decode(listed)
        wrong = _wrong_types(listed, given["datatype"], nullable=tensor.nullable)
        if wrong:
            problem = f"should be a value of {given['datatype']}"
            return np.empty(0), _place(wrong, where, problem)
        values = _as_array(listed, tensor)
    else:
        try:
            values = read_array(data, given["datatype"], count)
        except UnicodeDecodeError:
            return np.empty(0), [FieldError(where, "holds a text that is not UTF-8")]
        if values is None:
            return np.empty(0), [FieldError(where, f"should hold {count} values in binary")]
    if tensor.datatype == BYTES:
        return values.reshape(_shape(tensor, given)), []
    array, misfits = convert(values, tensor)
    problem = f"should be finite and within {tensor.datatype}'s reach"
    return array.reshape(_shape(tensor, given)), _place(misfits, where, problem)


def _shape(tensor: Tensor, given: Given) -> tuple[int, ...]:
    """Return the shape as the model has it, with the number of rows."""
    return (given["shape"][0], *tensor.shape[1:]) if tensor.shape else ()


def _squeeze(shape: Sequence[int]) -> list[int]:
    """Return a shape without the axes of 1 behind the first axis that are its last ones."""
    squeezed = list(shape)
    while len(squeezed) > 1 and squeezed[-1] == 1:
        squeezed.pop()
    return squeezed


def _flatten(data: Any, shape: Sequence[int]) -> list[Any] | None:
    """Return data in one list, in linear time; None if their number is not the shape's.

    Only lists that the shape has are opened.
    """
    count = math.prod(shape)
    if not isinstance(data, list) or len(data) not in (count, *shape[:1]):
        return None
    for size in shape[1:]:
        if not (data and isinstance(data[0], list)):
            break
        if any(not isinstance(each, list) or len(each) != size for each in data):
            return None
        data = list(chain.from_iterable(data))
    return data if len(data) == count else None


def _content_type(given: Given) -> Any:
    return (given.get("parameters") or {}).get("content_type")


def _decode(values: Iterable[Any]) -> list[Any]:
    """Return values that are JSON in a text, each."""
    decoded = []
    for value in values:
        try:
            decoded.append(from_json(value))
        except (TypeError, ValueError):
            decoded.append(value)
    return decoded


def _wrong_types(values: Sequence[Any], datatype: str, *, nullable: bool) -> list[int]:
    """Return the indices of values of another JSON type than their datatype's."""
    if datatype == BYTES:
        types: tuple[type, ...] = (str,)
    elif datatype == BOOL:
        types = (bool,)
    else:
        types = (int,) if DTYPES[datatype].kind in "iu" else (int, float)
    if nullable:
        types += (type(None),)
    return [i for i, value in enumerate(values) if type(value) not in types]


def _as_array(values: list[Any], tensor: Tensor) -> NDArray[Any]:
    """Return values of the right types as an array of a datatype that holds each of them."""
    if tensor.datatype == BYTES:
        texts = np.empty(len(values), dtype=object)
        texts[:] = [MISSING_TEXT if value is None else value for value in values]
        return texts
    if DTYPES[tensor.datatype].kind != "f":
        return np.array(values, dtype=object)
    try:
        return np.array(values, dtype=np.float64)  # null becomes NaN
    except OverflowError:  # an integer of more than 308 digits
        return np.array([_as_float(value) for value in values], dtype=np.float64)


def _as_float(value: float | None) -> float:
    try:
        return math.nan if value is None else float(value)
    except OverflowError:
        return math.inf


def _place(indices: Sequence[int], where: str, problem: str) -> list[FieldError]:
    """Return an error for each of the first values."""
    return [FieldError(f"{where}/data/{i}", problem) for i in islice(indices, LISTED + 1)]

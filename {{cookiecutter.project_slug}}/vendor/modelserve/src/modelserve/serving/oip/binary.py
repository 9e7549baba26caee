"""The protocol's extension for binary tensors: arrays behind the JSON, in both directions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MalformedError
from .datatypes import BOOL, BYTES, DTYPES

EXTENSION = "binary_tensor_data"
LENGTH = b"inference-header-content-length"  # the header with the size of the JSON
SIZE = "binary_data_size"  # the parameter with the size of a tensor's array
LONGEST = 12  # digits of a size
PREFIX_BYTES = 4  # before each text: its size

Request = Mapping[str, Any]


def split(body: bytes, header: bytes) -> tuple[bytes, memoryview]:
    """Return the JSON and the arrays of a body.

    Raises:
        MalformedError: the header is not the size of a part of the body.
    """
    size = int(header) if header.isdigit() and len(header) <= LONGEST else 0
    if not 0 < size <= len(body):
        raise MalformedError("Inference-Header-Content-Length is not the size of the body's JSON.")
    return body[:size], memoryview(body)[size:]


def take(inputs: Sequence[Request], rest: memoryview) -> list[memoryview | None]:
    """Return the array of each input, None for one whose data stand in the JSON.

    Raises:
        MalformedError: the sizes are not those of what follows the JSON.
    """
    buffers: list[memoryview | None] = []
    start = 0
    for given in inputs:
        size = (given.get("parameters") or {}).get(SIZE)
        if size is None:
            buffers.append(None)
            continue
        whole = isinstance(size, int) and not isinstance(size, bool)
        if not whole or not 0 <= size <= len(rest) - start:
            raise MalformedError(f"A {SIZE} is not the size of an array that follows the JSON.")
        buffers.append(rest[start : start + size])
        start += size
    if start != len(rest):
        raise MalformedError(f"{len(rest) - start} bytes follow the JSON that no {SIZE} names.")
    return buffers


def read_array(data: memoryview, datatype: str, count: int) -> NDArray[Any] | None:
    """Return `count` values in one dimension; None if the data hold another number.

    Raises:
        UnicodeDecodeError: a text is not UTF-8.
    """
    if datatype == BYTES:
        return _read_texts(data, count)
    dtype = DTYPES[datatype]
    if len(data) != count * dtype.itemsize:
        return None
    array: NDArray[Any] = np.frombuffer(data, dtype=np.uint8 if datatype == BOOL else dtype)
    return array.astype(np.bool_) if datatype == BOOL else array


def write_array(array: NDArray[Any], datatype: str) -> bytes:
    """Return an array's values in row-major order."""
    if datatype != BYTES:
        return array.astype(DTYPES[datatype]).tobytes()
    texts = [text.encode() for text in array.ravel().tolist()]
    return b"".join(len(text).to_bytes(PREFIX_BYTES, "little") + text for text in texts)


def wanted(request: Request, outputs: Sequence[str]) -> frozenset[str]:
    """Return the names of the outputs that a request wants in binary."""
    default = _flag(request, "binary_data_output", default=False)
    listed = {
        each["name"]: _flag(each, "binary_data", default=default)
        for each in request.get("outputs") or ()
    }
    return frozenset(name for name in outputs if listed.get(name, default))


def _flag(owner: Request, name: str, *, default: bool) -> bool:
    value = (owner.get("parameters") or {}).get(name)
    return value if isinstance(value, bool) else default


def _read_texts(data: memoryview, count: int) -> NDArray[np.object_] | None:
    texts: list[str] = []
    start = 0
    while start < len(data) and len(texts) < count:
        end = start + PREFIX_BYTES
        size = int.from_bytes(data[start:end], "little")
        start, end = end, end + size
        if end > len(data):
            return None
        texts.append(str(data[start:end], "utf-8"))
        start = end
    if start != len(data) or len(texts) != count:
        return None
    array = np.empty(count, dtype=object)
    array[:] = texts
    return array

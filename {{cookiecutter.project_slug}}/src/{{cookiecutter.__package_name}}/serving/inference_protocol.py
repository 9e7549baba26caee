"""The Open Inference Protocol, version 2, over REST: what KServe's and Triton's clients speak."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from ..artifact import Manifest
from ..errors import Complaint, InvalidInputError
from .arrays import Call, Prediction, Tensor
from .outputs import Outputs
from .schemas import STRICT, request_error

DTYPES: dict[str, type] = {
    "FP32": np.float32,
    "FP64": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "BOOL": np.bool_,
    "BYTES": np.object_,
}
# What JSON may hold for a datatype; for those that are not listed, any number.
KINDS: dict[str, tuple[type, ...]] = {
    "INT64": (int,),
    "INT32": (int,),
    "BOOL": (bool,),
    "BYTES": (str,),
}

Parameters = Annotated[dict[str, Any], Field(description="Accepted; not used.")]


@with_config(STRICT)
class InputTensor(TypedDict):
    """A named array: its data in row-major order, flat or nested."""

    name: str
    shape: list[Annotated[int, Field(ge=0)]]
    datatype: str
    data: list[Any]
    parameters: NotRequired[Parameters]


@with_config(STRICT)
class WantedOutput(TypedDict):
    """An output that the client asks for by name."""

    name: str
    parameters: NotRequired[Parameters]


@with_config(STRICT)
class InferRequest(TypedDict):
    """An inference request."""

    id: NotRequired[str]
    inputs: Annotated[list[InputTensor], Field(min_length=1)]
    outputs: NotRequired[list[WantedOutput]]
    parameters: NotRequired[Parameters]


class OutputTensor(TypedDict):
    """A named array of the answer."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class InferResponse(TypedDict):
    """An inference response; `parameters` names the answer, and says whether it is degraded."""

    model_name: str
    model_version: str
    id: str
    parameters: dict[str, Any]
    outputs: list[OutputTensor]


class InferError(TypedDict):
    """An error's body."""

    error: str


class InferenceCodec:
    """Decodes named tensors by the graph's own signature and encodes them by the task's.

    Args:
        manifest: the model's name and version.
        inputs: the graph's inputs; -1 stands for the rows.
        outputs: the task's outputs.
        max_rows: that one request may carry.
    """

    def __init__(
        self, manifest: Manifest, inputs: tuple[Tensor, ...], outputs: Outputs, *, max_rows: int
    ) -> None:
        """Build the schema once."""
        self._manifest = manifest
        self._inputs = {tensor.name: tensor for tensor in inputs}
        self._outputs = outputs
        self._max_rows = max_rows
        self._validate = TypeAdapter(InferRequest).validator.validate_json

    def decode(self, body: bytes) -> Call:
        """Return the tensors of an inference request.

        Raises:
            MalformedError: the body is no JSON.
            InvalidInputError: names, shapes, datatypes or data are wrong; each one is named.
        """
        try:
            request = self._validate(body)
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error
        return self.gather(request)

    def gather(self, request: Mapping[str, Any]) -> Call:
        """Return the tensors of a request of the right form.

        Raises:
            InvalidInputError: as `decode` has it.
        """
        complaints: list[Complaint] = []
        feeds = {}
        for i, given in enumerate(request["inputs"]):
            tensor = self._inputs.get(given["name"])
            if tensor is None or tensor.name in feeds:
                known = ", ".join(self._inputs)
                complaints.append(Complaint(f"/inputs/{i}/name", f"should be each of: {known}"))
                continue
            array, found = _read(tensor, given, f"/inputs/{i}")
            complaints += found
            feeds[tensor.name] = array
        if not complaints and (missing := self._inputs.keys() - feeds.keys()):
            complaints.append(Complaint("/inputs", f"missing: {', '.join(sorted(missing))}"))
        wanted = tuple(each["name"] for each in request.get("outputs", ()))
        known_outputs = [tensor.name for tensor in self._outputs.tensors]
        complaints += [
            Complaint(f"/outputs/{i}/name", f"should be one of: {', '.join(known_outputs)}")
            for i, name in enumerate(wanted)
            if name not in known_outputs
        ]
        if complaints := complaints or self._count(feeds):
            raise InvalidInputError(complaints)
        rows = len(next(iter(feeds.values())))
        return Call(feeds, rows, request.get("id", ""), wanted)

    def encode(self, call: Call, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON: the outputs that were asked for, all if none was named."""
        arrays = self._outputs.arrays(prediction.outputs)
        return to_json(
            {
                "model_name": self._manifest.name,
                "model_version": self._manifest.version,
                "id": call.id or inference_id,
                "parameters": {"inference_id": inference_id, "degraded": prediction.degraded},
                "outputs": [
                    {
                        "name": tensor.name,
                        "shape": list(arrays[tensor.name].shape),
                        "datatype": tensor.datatype,
                        "data": arrays[tensor.name].ravel().tolist(),
                    }
                    for tensor in self._outputs.tensors
                    if not call.wanted or tensor.name in call.wanted
                ],
            }
        )

    def metadata(self) -> dict[str, object]:
        """Return the model's metadata as the protocol has it."""
        return {
            "name": self._manifest.name,
            "versions": [self._manifest.version],
            "platform": "onnx_onnxv1",
            "inputs": [tensor._asdict() for tensor in self._inputs.values()],
            "outputs": [tensor._asdict() for tensor in self._outputs.tensors],
        }

    def _count(self, feeds: dict[str, NDArray[Any]]) -> list[Complaint]:
        counts = {len(array) for array in feeds.values() if array.ndim}
        if len(counts) > 1:
            return [Complaint("/inputs", "the inputs differ in their number of rows")]
        if counts and not 1 <= (rows := counts.pop()) <= self._max_rows:
            return [Complaint("/inputs", f"{rows} rows; should be 1 to {self._max_rows}")]
        return []


def _read(
    tensor: Tensor, given: dict[str, Any], where: str
) -> tuple[NDArray[Any], list[Complaint]]:
    """Return one tensor and what is wrong with it; its data may be flat or nested."""
    shape = tuple(given["shape"])
    complaints = []
    if given["datatype"] != tensor.datatype:
        complaints.append(Complaint(f"{where}/datatype", f"should be {tensor.datatype}"))
    if len(shape) != len(tensor.shape) or any(
        expected not in (-1, size) for expected, size in zip(tensor.shape, shape, strict=False)
    ):
        complaints.append(Complaint(f"{where}/shape", f"should be {list(tensor.shape)}, -1 free"))
    flat = _flatten(given["data"])
    if len(flat) != math.prod(shape):
        complaints.append(
            Complaint(f"{where}/data", f"{len(flat)} values; the shape has {math.prod(shape)}")
        )
    kinds = KINDS.get(tensor.datatype, (int, float))
    wrong = [i for i, value in enumerate(flat) if type(value) not in kinds]
    complaints += [
        Complaint(f"{where}/data/{i}", f"should be a value of {tensor.datatype}") for i in wrong
    ]
    if complaints:
        return np.empty(0), complaints
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=DTYPES[tensor.datatype]).reshape(shape)
        if array.dtype.kind != "f" or np.isfinite(array).all():
            return array, []
    except OverflowError:
        pass  # an integer with more digits than the datatype can hold
    return np.empty(0), [
        Complaint(f"{where}/data/{i}", f"should be finite and within {tensor.datatype}'s reach")
        for i, value in enumerate(flat)
        if not _fits(value, DTYPES[tensor.datatype])
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

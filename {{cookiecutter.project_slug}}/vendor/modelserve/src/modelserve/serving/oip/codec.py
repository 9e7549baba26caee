"""The Open Inference Protocol, version 2, over REST: what KServe's and Triton's clients speak."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ...errors import FieldError, InvalidInputError, MalformedError
from ...manifest import Manifest
from ...types import ModelInput, Prediction, Tensor
from ..codec import JsonCodec
from ..schemas import request_error
from .schemas import InferRequest
from .tensors import read

# The protocol's binary extension is optional, and this server's metadata lists no extension.
JSON_ONLY = "Tensors are taken as JSON, not in binary: with Triton's client, binary_data=False."


class InferenceCodec:
    """Decodes named tensors by the inputs' signature and encodes them by the task's.

    Args:
        manifest: the model's name and version.
        codec: the service's own format, which knows inputs and outputs.
        max_rows: that one request may carry.
    """

    def __init__(self, manifest: Manifest, codec: JsonCodec, *, max_rows: int) -> None:
        """Build the schema once."""
        self._manifest = manifest
        self._codec = codec
        self._inputs = {tensor.name: tensor for tensor in codec.inputs.tensors}
        self._outputs = codec.outputs
        self._max_rows = max_rows
        self._validate = TypeAdapter(InferRequest).validator.validate_json

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of an inference request.

        Raises:
            MalformedError: the body is not JSON.
            InvalidInputError: names, shapes, datatypes or data are wrong; each one is named.
        """
        try:
            request = self._validate(body)
        except ValidationError as error:
            wrong = request_error(error.errors(include_url=False))
            if isinstance(wrong, MalformedError):
                raise MalformedError(f"{wrong} {JSON_ONLY}") from error
            raise wrong from error
        return self.gather(request)

    def gather(self, request: Mapping[str, Any]) -> ModelInput:
        """Return the tensors of a validated request.

        Raises:
            InvalidInputError: as `decode`.
        """
        field_errors: list[FieldError] = []
        tensors = {}
        for i, given in enumerate(request["inputs"]):
            tensor = self._inputs.get(given["name"])
            if tensor is None or tensor.name in tensors:
                known = ", ".join(self._inputs)
                field_errors.append(FieldError(f"/inputs/{i}/name", f"should be each of: {known}"))
                continue
            array, invalid = read(tensor, given, f"/inputs/{i}")
            field_errors += invalid
            tensors[tensor.name] = array
        if not field_errors and (missing := self._inputs.keys() - tensors.keys()):
            field_errors.append(FieldError("/inputs", f"missing: {', '.join(sorted(missing))}"))
        wanted = tuple(each["name"] for each in request.get("outputs", ()))
        known_outputs = [tensor.name for tensor in self._outputs.tensors]
        field_errors += [
            FieldError(f"/outputs/{i}/name", f"should be one of: {', '.join(known_outputs)}")
            for i, name in enumerate(wanted)
            if name not in known_outputs
        ]
        if field_errors := field_errors or self._count(tensors):
            raise InvalidInputError(field_errors)
        try:
            given = self._codec.gather_tensors(tensors)
        except InvalidInputError as error:
            places = {given["name"]: i for i, given in enumerate(request["inputs"])}
            raise InvalidInputError([_place(each, places) for each in error.errors]) from error
        return given._replace(id=request.get("id", ""), wanted=wanted)

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON: the requested outputs, or all."""
        arrays = self._codec.arrays(given, prediction)
        parameters: dict[str, Any] = {
            "inference_id": inference_id,
            "degraded": prediction.degraded,
        }
        if given.warnings:
            parameters["warnings"] = [f"{each.pointer}: {each.detail}" for each in given.warnings]
        return to_json(
            {
                "model_name": self._manifest.name,
                "model_version": self._manifest.version,
                "id": given.id or inference_id,
                "parameters": parameters,
                "outputs": [
                    {
                        "name": tensor.name,
                        "shape": list(arrays[tensor.name].shape),
                        "datatype": tensor.datatype,
                        "data": arrays[tensor.name].ravel().tolist(),
                    }
                    for tensor in self._outputs.tensors
                    if not given.wanted or tensor.name in given.wanted
                ],
            }
        )

    def infer_paths(self) -> tuple[str, str]:
        """Return the two paths of inference: without the version and with it."""
        model = f"/v2/models/{self._manifest.name}"
        return f"{model}/infer", f"{model}/versions/{self._manifest.version}/infer"

    def metadata(self) -> dict[str, object]:
        """Return the model's metadata as the protocol has it."""
        return {
            "name": self._manifest.name,
            "versions": [self._manifest.version],
            "platform": "onnx_onnxv1",
            "inputs": [_describe(tensor) for tensor in self._inputs.values()],
            "outputs": [_describe(tensor) for tensor in self._outputs.tensors],
        }

    def _count(self, tensors: dict[str, NDArray[Any]]) -> list[FieldError]:
        counts = {len(array) for array in tensors.values() if array.ndim}
        if len(counts) > 1:
            return [FieldError("/inputs", "the inputs differ in their number of rows")]
        if counts and not 1 <= (rows := counts.pop()) <= self._max_rows:
            return [FieldError("/inputs", f"{rows} rows; should be 1 to {self._max_rows}")]
        return []


def _describe(tensor: Tensor) -> dict[str, object]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _place(field_error: FieldError, places: Mapping[str, int]) -> FieldError:
    """Return an error at "name/index" as one at the request's "/inputs/0/data/…"."""
    if field_error.pointer.startswith("/"):
        return field_error  # of a row, by `preprocess`
    name, _, index = field_error.pointer.partition("/")
    return FieldError(f"/inputs/{places[name]}/data/{index}", field_error.detail)

"""The Open Inference Protocol, version 2, over REST: what KServe's and Triton's clients speak."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ..artifact import Manifest
from ..errors import Complaint, InvalidInputError, MalformedError
from .arrays import Call, Prediction, Tensor
from .inputs import Inputs
from .outputs import Outputs
from .protocol_schemas import InferRequest
from .schemas import request_error
from .tensors import read

# The protocol's binary extension is optional, and this server's metadata lists no extension.
JSON_ONLY = "Tensors are taken as JSON, not in binary: with Triton's client, binary_data=False."


class InferenceCodec:
    """Decodes named tensors by the inputs' signature and encodes them by the task's.

    Args:
        manifest: the model's name and version.
        inputs: the modality's inputs; -1 stands for the rows.
        outputs: the task's outputs.
        max_rows: that one request may carry.
    """

    def __init__(
        self, manifest: Manifest, inputs: Inputs, outputs: Outputs, *, max_rows: int
    ) -> None:
        """Build the schema once."""
        self._manifest = manifest
        self._gather = inputs.gather_tensors
        self._inputs = {tensor.name: tensor for tensor in inputs.tensors}
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
            wrong = request_error(error.errors(include_url=False))
            if isinstance(wrong, MalformedError):
                raise MalformedError(f"{wrong} {JSON_ONLY}") from error
            raise wrong from error
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
            array, found = read(tensor, given, f"/inputs/{i}")
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
        try:
            call = self._gather(feeds)
        except InvalidInputError as error:
            places = {given["name"]: i for i, given in enumerate(request["inputs"])}
            raise InvalidInputError([_place(each, places) for each in error.complaints]) from error
        return call._replace(id=request.get("id", ""), wanted=wanted)

    def encode(self, call: Call, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON: the outputs that were asked for, all if none was named."""
        arrays = self._outputs.arrays(prediction)
        parameters: dict[str, Any] = {
            "inference_id": inference_id,
            "degraded": prediction.degraded,
        }
        if call.warnings:
            parameters["warnings"] = [f"{each.where}: {each.problem}" for each in call.warnings]
        return to_json(
            {
                "model_name": self._manifest.name,
                "model_version": self._manifest.version,
                "id": call.id or inference_id,
                "parameters": parameters,
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

    def infer_paths(self) -> tuple[str, str]:
        """Return the two paths on which this model is asked: without its version and with it."""
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

    def _count(self, feeds: dict[str, NDArray[Any]]) -> list[Complaint]:
        counts = {len(array) for array in feeds.values() if array.ndim}
        if len(counts) > 1:
            return [Complaint("/inputs", "the inputs differ in their number of rows")]
        if counts and not 1 <= (rows := counts.pop()) <= self._max_rows:
            return [Complaint("/inputs", f"{rows} rows; should be 1 to {self._max_rows}")]
        return []


def _describe(tensor: Tensor) -> dict[str, object]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _place(complaint: Complaint, places: Mapping[str, int]) -> Complaint:
    """Return a complaint about "name/index" as one about the request's own "/inputs/0/data/…"."""
    name, _, index = complaint.where.partition("/")
    return Complaint(f"/inputs/{places[name]}/data/{index}", complaint.problem)

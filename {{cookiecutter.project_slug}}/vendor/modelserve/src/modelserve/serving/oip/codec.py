"""The Open Inference Protocol, version 2, over REST: what KServe's and Triton's clients speak."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json, to_json

from ...manifest import Manifest
from ...types import ModelInput, Prediction, Tensor
from ..codec import JsonCodec
from ..response_warnings import list_warnings
from .requests import RequestReader

DIGITS = 7  # float32 tells numbers of so many digits apart, mostly
LARGEST_POWER = 1e22  # of ten, that a double holds

Output = tuple[Tensor, NDArray[Any]]


class InferenceCodec:
    """Decodes named tensors by the inputs' signature and encodes them by the task's.

    Args:
        manifest: the model's name and version.
        codec: the service's own format, which knows inputs and outputs.
        max_rows: that one request may carry.
    """

    def __init__(self, manifest: Manifest, codec: JsonCodec, *, max_rows: int) -> None:
        """Build the schema once."""
        self.manifest = manifest
        self.reader = RequestReader(codec, max_rows=max_rows)
        self._codec = codec

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of an inference request in JSON.

        Raises:
            MalformedError: the body is not JSON.
            InvalidInputError: names, shapes, datatypes or data are wrong; the first are named.
        """
        return self.reader.read(body).given

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON: the requested outputs, or all."""
        outputs = [describe(*output) for output in self.outputs(given, prediction)]
        return self.write(given, prediction, inference_id, outputs)

    def outputs(self, given: ModelInput, prediction: Prediction) -> list[Output]:
        """Return the requested outputs, or all."""
        arrays = self._codec.arrays(given, prediction)
        return [
            (tensor, arrays[tensor.name])
            for tensor in self._codec.outputs.tensors
            if not given.wanted or tensor.name in given.wanted
        ]

    def write(
        self,
        given: ModelInput,
        prediction: Prediction,
        inference_id: str,
        outputs: Sequence[Mapping[str, Any]],
    ) -> bytes:
        """Return the response's JSON with outputs as `describe` returns them."""
        parameters: dict[str, Any] = {
            "inference_id": inference_id,
            "degraded": prediction.degraded,
        }
        if given.warnings or prediction.invalid:
            warnings = list_warnings(given, prediction, self._codec.catalogue)
            parameters["warnings"] = [each.line for each in warnings]
        return to_json(
            {
                "model_name": self.manifest.name,
                "model_version": self.manifest.version,
                "id": given.id or inference_id,
                "parameters": parameters,
                "outputs": outputs,
            }
        )

    def write_inputs(self, arrays: Mapping[str, NDArray[Any]]) -> bytes:
        """Return a request's JSON for arrays by the names of the model's tensors.

        A number is one of seven digits where such a one is the same as float32: 1742.81, as it was
        sent, and not 1742.81005859375.
        """
        inputs = [
            describe(tensor, _shorten(arrays[tensor.name])) for tensor in self._codec.inputs.tensors
        ]
        return to_json({"inputs": inputs}, inf_nan_mode="null")

    def redact(self, body: bytes, names: Collection[str]) -> bytes:
        """Return a request's JSON with the values of some fields redacted."""
        inputs = from_json(body)["inputs"]
        return to_json({"inputs": [self.reader.columns.redact(each, names) for each in inputs]})

    def infer_paths(self) -> tuple[str, str]:
        """Return the two paths of inference: without the version and with it."""
        model = f"/v2/models/{self.manifest.name}"
        return f"{model}/infer", f"{model}/versions/{self.manifest.version}/infer"

    def metadata(self) -> dict[str, object]:
        """Return the model's metadata as the protocol has it."""
        return {
            "name": self.manifest.name,
            "versions": [self.manifest.version],
            "platform": "onnx_onnxv1",
            "inputs": list(map(_signature, self._codec.inputs.tensors)),
            "outputs": list(map(_signature, self._codec.outputs.tensors)),
        }


def describe(tensor: Tensor, array: NDArray[Any]) -> dict[str, Any]:
    """Return a tensor in the protocol's form, with its data in row-major order."""
    return {
        "name": tensor.name,
        "shape": list(array.shape),
        "datatype": tensor.datatype,
        "data": array.ravel().tolist(),
    }


def _shorten(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype != np.float32:
        return array
    exact = array.astype(np.float64)
    with np.errstate(all="ignore"):
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(exact))))
        rounded = np.rint(exact * scale) / scale
        exactly = (scale <= LARGEST_POWER) & (rounded.astype(np.float32) == array)
        return np.where(exactly, rounded, exact)


def _signature(tensor: Tensor) -> dict[str, object]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}

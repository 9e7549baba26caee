"""The service's own format: {"instances": …} in, {"predictions": …} out, as Vertex AI has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ..artifact import Manifest
from .arrays import Call, Prediction
from .inputs import Inputs
from .outputs import Outputs
from .schemas import request_error, request_type, response_type


class JsonCodec:
    """Decodes rows by the manifest's schema and encodes predictions.

    Args:
        manifest: names, labels and features.
        max_rows: that one request may carry.
    """

    def __init__(self, manifest: Manifest, *, max_rows: int) -> None:
        """Build the schema once, and the part of the answer that never changes."""
        self.inputs = Inputs(manifest)
        self.outputs = Outputs(manifest)
        self.request = request_type(self.inputs.row, max_rows=max_rows)
        self.response = response_type(self.outputs.prediction)
        self._validate = TypeAdapter(self.request).validator.validate_json
        head = to_json({"model_name": manifest.name, "model_version": manifest.version})
        self._tail = head[1:-1].decode()

    def decode(self, body: bytes) -> Call:
        """Return the arrays that the rows of a JSON body stand for.

        Raises:
            MalformedError: the body is no JSON.
            InvalidInputError: rows or fields are wrong; each of them is named.
        """
        try:
            rows = self._validate(body)["instances"]
        except ValidationError as error:
            raise request_error(error.errors(include_url=False)) from error
        return self.gather(rows)

    def gather(self, rows: Sequence[Mapping[str, Any]]) -> Call:
        """Return the arrays that validated rows stand for."""
        return Call(self.inputs.arrays(rows), len(rows))

    def encode(self, call: Call, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON, one prediction a row in the order of the request."""
        del call
        rows = ",".join(self.outputs.rows(prediction.outputs))
        degraded = "true" if prediction.degraded else "false"
        return (
            f'{{"predictions":[{rows}],{self._tail}'
            f',"inference_id":"{inference_id}","degraded":{degraded}}}'
        ).encode()

"""The service's own format: {"instances": …} in, {"predictions": …} out, as Vertex AI has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ..artifact import Artifact
from .arrays import Call, Prediction
from .inputs import Inputs
from .outputs import Outputs
from .schemas import request_error, request_type, response_type


class JsonCodec:
    """Decodes rows by the manifest's schema and encodes predictions.

    Args:
        found: the model's artifact, whose manifest lists features and labels.
        max_rows: that one request may carry.
        max_text_length: of one text, in characters.
    """

    def __init__(self, found: Artifact, *, max_rows: int, max_text_length: int = 20_000) -> None:
        """Build the schema once, and the part of the answer that never changes."""
        manifest = found.manifest
        self.inputs = Inputs(found, max_text_length=max_text_length)
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
        return self.inputs.gather(rows)

    def encode(self, call: Call, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON, one prediction a row in the order of the request."""
        rows = ",".join(self.outputs.rows(prediction))
        degraded = "true" if prediction.degraded else "false"
        return (
            f'{{"predictions":[{rows}],{self._tail}'
            f',"inference_id":"{inference_id}","degraded":{degraded}{_warnings(call)}}}'
        ).encode()


def _warnings(call: Call) -> str:
    """Return the response's field that says what the model did not get to see, if there is any."""
    if not call.warnings:
        return ""
    told = [
        {"pointer": f"/instances{each.where}", "detail": each.problem} for each in call.warnings
    ]
    return f',"warnings":{to_json(told).decode()}'

"""The service's own format: {"instances": …} in, {"predictions": …} out, as Vertex AI has it."""

from collections.abc import Callable, Mapping, Sequence
from json import dumps
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ..artifact import Artifact
from ..errors import FieldError, InvalidInputError, ModelError
from ..translation import ENGLISH, Catalogue
from ..types import ModelInput, Prediction, Rows, Tensor, Tensors
from .explain.explanation import splice
from .inputs import make_inputs
from .invalid_rows import (
    SMALL_BYTES,
    WIDE,
    check_values,
    most_values,
    name_problems,
    validate_wide,
)
from .outputs import make_output_encoder
from .preprocessing import Preprocess, preprocess_rows
from .response_warnings import list_warnings
from .schemas import Extra, asks_to_explain, request_type, response_type

Postprocess = Callable[[list[dict[str, Any]], Rows], Sequence[Mapping[str, Any]]]


class JsonCodec:
    """Decodes rows by the manifest's schema and encodes predictions.

    Every other format goes through it, so that hooks see each row and each prediction.

    Args:
        artifact: the model's, whose manifest lists features and labels.
        max_rows: that one request may carry.
        max_text_length: of one text, in characters.
        extra_fields: of a row: whether those that the model does not have are refused or ignored.
        preprocess: changes rows before the model sees them; None for no change.
        postprocess: changes predictions before the client sees them; None for no change.
        catalogue: of the language of warnings.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        max_rows: int,
        max_text_length: int = 20_000,
        extra_fields: Extra = "refuse",
        preprocess: Preprocess | None = None,
        postprocess: Postprocess | None = None,
        catalogue: Catalogue = ENGLISH,
    ) -> None:
        """Build the schema once, and the part of the answer that never changes."""
        manifest = artifact.manifest
        self.inputs = make_inputs(
            artifact, max_text_length=max_text_length, extra_fields=extra_fields
        )
        self.outputs = make_output_encoder(manifest)
        self.request = request_type(self.inputs.row, max_rows=max_rows)
        self.response = response_type(self.outputs.prediction)
        self._preprocess = preprocess
        self._postprocess = postprocess
        self.catalogue = catalogue
        validator = TypeAdapter(self.request).validator
        self._validate, self._validate_parsed = validator.validate_json, validator.validate_python
        self.max_rows, self.extra_fields = max_rows, extra_fields
        self.most_values = most_values(len(self.inputs.features), max_rows)
        head = to_json({"model_name": manifest.name, "model_version": manifest.version})
        self._tail = head[1:-1].decode()

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of the rows of a JSON body.

        Raises:
            MalformedError: the body is not JSON.
            InvalidInputError: rows or fields are invalid; the first of them are named.
        """
        try:
            if large := len(body) > SMALL_BYTES:
                check_values(body, self.most_values, max_rows=self.max_rows)
            if large and len(self.inputs.features) > WIDE:
                content = validate_wide(body, self._validate_parsed, self.inputs)
            else:
                content = self._validate(body)
        except ValidationError as error:
            problem = name_problems(
                body, self._validate_parsed, self.inputs, max_rows=self.max_rows
            )
            raise problem from error
        given = self.gather_instances(content["instances"])
        if len(content) > 1 and asks_to_explain(content):
            return given._replace(explain=True)
        return given

    def gather_instances(self, rows: Rows) -> ModelInput:
        """Return the tensors of the validated rows of a body.

        Raises:
            InvalidInputError: `preprocess` rejected rows; each pointer begins with "/instances".
            ModelError: as `gather`.
        """
        try:
            return self.gather(rows)
        except InvalidInputError as error:
            raise InvalidInputError(
                [FieldError(f"/instances{each.pointer}", each.detail) for each in error.errors]
            ) from error

    def gather(self, rows: Rows) -> ModelInput:
        """Return the tensors of validated rows, after `preprocess`.

        Raises:
            InvalidInputError: `preprocess` rejected rows; its pointers begin with a row's number.
            ModelError: `preprocess` failed, or returned rows that the model cannot take.
        """
        if self._preprocess:
            rows = self._apply(self._preprocess, rows)
        given = self.inputs.gather(rows)
        return given._replace(asked=rows) if self._postprocess else given

    def gather_tensors(self, tensors: Tensors) -> ModelInput:
        """Return a client's tensors as the model takes them, after `preprocess`.

        Raises:
            InvalidInputError: values do not fit the schema; each place is "tensor/index".
            ModelError: `preprocess` returned rows that the model cannot take.
        """
        given = self.inputs.gather_tensors(tensors)
        if self._preprocess or self._postprocess:
            return self.gather(self.inputs.rows_of(tensors))
        return given

    def answers(self, given: ModelInput, prediction: Prediction) -> list[str]:
        """Return each row's answer as a JSON object, after `postprocess`.

        Args:
            given: what `decode` returned.
            prediction: the model's, for these rows.

        Raises:
            ModelError: `postprocess` returned another number of answers than there are rows.
        """
        rows = self.outputs.rows(prediction)
        if not self._postprocess:
            return rows
        answers = self._finish(self._postprocess, given, rows)
        try:
            return [dumps(each, allow_nan=False, separators=(",", ":")) for each in answers]
        except (TypeError, ValueError) as error:
            raise ModelError(f"postprocess returned what JSON cannot hold: {error}") from error

    def arrays(self, given: ModelInput, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the answer as one array a tensor, after `postprocess`.

        Args:
            given: what `decode` returned.
            prediction: the model's, for these rows.

        Raises:
            ModelError: `postprocess` returned other answers than the tensors can hold.
        """
        if not self._postprocess:
            return self.outputs.arrays(prediction)
        answers = self._finish(self._postprocess, given, self.outputs.rows(prediction))
        return {
            tensor.name: _array(tensor, [answer.get(tensor.name) for answer in answers])
            for tensor in self.outputs.tensors
        }

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the response's JSON, one prediction a row in the order of the request.

        Args:
            given: what `decode` returned.
            prediction: the model's, for these rows.
            inference_id: the answer's name in feedback.

        Raises:
            ModelError: as `answers`.
        """
        answers = self.answers(given, prediction)
        if prediction.explanations:
            answers = splice(answers, prediction.explanations)
        rows = ",".join(answers)
        degraded = "true" if prediction.degraded else "false"
        warnings = ""
        if given.warnings or prediction.invalid:
            listed = [
                {"pointer": f"/instances{each.pointer}", "detail": each.detail}
                for each in list_warnings(given, prediction, self.catalogue)
            ]
            warnings = f',"warnings":{to_json(listed).decode()}'
        return (
            f'{{"predictions":[{rows}],{self._tail}'
            f',"inference_id":"{inference_id}","degraded":{degraded}{warnings}}}'
        ).encode()

    def _apply(self, preprocess: Preprocess, rows: Rows) -> Rows:
        changed = preprocess_rows(preprocess, rows)
        try:
            return self.inputs.parse(changed)
        except InvalidInputError as error:
            first = error.errors[0]
            raise ModelError(f"preprocess returned {first.pointer}: {first.detail}") from error

    def _finish(
        self, postprocess: Postprocess, given: ModelInput, rows: list[str]
    ) -> Sequence[Mapping[str, Any]]:
        try:
            answers = list(postprocess([from_json(row) for row in rows], given.asked))
        except Exception as error:
            raise ModelError("postprocess in service.py failed.") from error
        if len(answers) != len(rows):
            raise ModelError(f"postprocess returned {len(answers)} answers for {len(rows)} rows")
        if wrong := [each for each in answers if not isinstance(each, Mapping)]:
            raise ModelError(f"postprocess returned {type(wrong[0]).__name__}, not a mapping")
        return answers


def _array(tensor: Tensor, values: Sequence[Any]) -> NDArray[Any]:
    """Return a field of all answers as one tensor.

    Raises:
        ModelError: the tensor cannot hold the values.
    """
    listed = [list(each.values()) if isinstance(each, Mapping) else each for each in values]
    texts = tensor.datatype == "BYTES"
    try:
        array = np.array(listed, dtype=object if texts else np.float32)
        valid = all(isinstance(each, str) for each in listed) if texts else np.isfinite(array).all()
    except (TypeError, ValueError):
        valid = False
    if not valid or array.shape[1:] != tensor.shape[1:]:
        raise ModelError(f"postprocess returned {tensor.name!r} that no {tensor.datatype} can hold")
    return array

"""Runs the model; if it fails, the fallback answers."""

import logging
from collections.abc import Sequence

import numpy as np

from ..errors import ModelError
from ..manifest import Manifest
from ..notify import Notifier
from ..types import Model, ModelInput, Outputs, Prediction, Tensors
from .batching.joining import join
from .output_validator import OutputValidator, check_shape

log = logging.getLogger(__name__)


class Predictor:
    """Runs the model and checks its outputs.

    Args:
        model: turns tensors into outputs.
        manifest: the number of outputs, their bounds, and the fallback.
        notifier: sends a message when the model fails.
        degraded_answers: answer from the fallback, marked as degraded, instead of failing.
        pad_id: the token that joined texts are padded with.
    """

    def __init__(
        self,
        model: Model,
        manifest: Manifest,
        notifier: Notifier,
        *,
        degraded_answers: bool,
        pad_id: int = 0,
    ) -> None:
        """Prepare the fallback as one row of outputs."""
        self._model = model
        self._notifier = notifier
        self._degraded_answers = degraded_answers
        self._pad_id = pad_id
        self._fallback = np.asarray([manifest.fallback], dtype=np.float32)
        self._validator = OutputValidator(
            manifest.output_bounds, probabilities=bool(manifest.labels)
        )
        self.failing = False

    def predict(self, given: ModelInput) -> Prediction:
        """Return float32 outputs of shape (rows, n_outputs).

        The fallback answers all rows if the model fails, or the rows whose outputs are invalid.

        Raises:
            ModelError: the model failed, or an output is invalid, and `degraded_answers` is false.
        """
        try:
            outputs = self._run(given.tensors, given.rows)
            fault = self._validator.check(outputs)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A model may fail in any way; the fallback answers for all of them.
            return self._fall_back(error, given.rows)
        if fault:
            return self._replace_invalid(outputs)
        self.failing = False
        return Prediction(outputs, degraded=False)

    def predict_joined(self, inputs: Sequence[ModelInput]) -> list[Prediction | ModelError]:
        """Return the outcome of each of several requests, by one call of the model if it succeeds.

        A call that fails is repeated with each half of the requests, so that one of them fails
        alone.

        Args:
            inputs: of the requests, of one kind.
        """
        if len(inputs) == 1:
            try:
                return [self.predict(inputs[0])]
            except ModelError as error:
                return [error]
        rows = [each.rows for each in inputs]
        try:
            outputs = self._run(join(inputs, pad_id=self._pad_id), sum(rows))
            fault = self._validator.check(outputs)
        except Exception:  # pylint: disable=broad-exception-caught
            half = len(inputs) // 2
            return [*self.predict_joined(inputs[:half]), *self.predict_joined(inputs[half:])]
        parts = np.split(outputs, np.cumsum(rows)[:-1])
        if fault:
            return [self._outcome(part) for part in parts]
        self.failing = False
        return [Prediction(part, degraded=False) for part in parts]

    def _run(self, tensors: Tensors, rows: int) -> Outputs:
        outputs = self._model.run(tensors)
        check_shape(outputs, (rows, self._fallback.shape[1]))
        return outputs

    def _outcome(self, outputs: Outputs) -> Prediction | ModelError:
        """Return what a request gets that was joined with others, of which some are invalid."""
        if not self._validator.check(outputs):
            return Prediction(outputs, degraded=False)
        try:
            return self._replace_invalid(outputs)
        except ModelError as error:
            return error

    def _replace_invalid(self, outputs: Outputs) -> Prediction:
        """Return outputs with the fallback in place of the invalid rows."""
        reasons = self._validator.reasons(outputs)
        invalid = {row: reason for row, reason in enumerate(reasons) if reason}
        self.failing = len(invalid) == len(reasons)
        first = next(iter(invalid.values()))
        if not self._degraded_answers:
            raise ModelError("The model failed on this input.") from ModelError(first)
        self._notifier.notify(
            "model:InvalidOutput",
            f"The model failed, the fallback answers {len(invalid)} of {len(reasons)} rows: "
            f"{first}",
        )
        log.error("model failed, fallback answered", extra={"rows": len(invalid), "reason": first})
        replaced = outputs.copy()
        replaced[[*invalid]] = self._fallback
        return Prediction(replaced, degraded=True, invalid=invalid)

    def _fall_back(self, error: Exception, rows: int) -> Prediction:
        self.failing = True
        if not self._degraded_answers:
            raise ModelError("The model failed on this input.") from error
        self._notifier.notify(
            f"model:{type(error).__name__}", f"The model failed, the fallback answers: {error!r}"
        )
        log.error("model failed, fallback answered", exc_info=error, extra={"rows": rows})
        return Prediction(np.repeat(self._fallback, rows, axis=0), degraded=True)

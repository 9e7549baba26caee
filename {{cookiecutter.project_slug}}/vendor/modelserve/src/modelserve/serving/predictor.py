"""Runs the model; if it fails, the fallback answers."""

import logging

import numpy as np

from ..errors import ModelError
from ..manifest import Manifest
from ..notify import Notifier
from ..types import Model, ModelInput, Outputs, Prediction
from .output_validator import OutputValidator

log = logging.getLogger(__name__)


class Predictor:
    """Runs the model and checks its outputs.

    Args:
        model: turns tensors into outputs.
        manifest: the number of outputs, their bounds, and the fallback.
        notifier: sends a message when the model fails.
        degraded_answers: answer from the fallback, marked as degraded, instead of failing.
    """

    def __init__(
        self, model: Model, manifest: Manifest, notifier: Notifier, *, degraded_answers: bool
    ) -> None:
        """Prepare the fallback as one row of outputs."""
        self._model = model
        self._notifier = notifier
        self._degraded_answers = degraded_answers
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
            outputs = self._model.run(given.tensors)
            if outputs.shape != (given.rows, self._fallback.shape[1]):
                raise ModelError(f"the model answered {outputs.shape} to {given.rows} rows")
            fault = self._validator.check(outputs)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A model may fail in any way; the fallback answers for all of them.
            return self._fall_back(error, given.rows)
        if fault:
            return self._replace_invalid(outputs)
        self.failing = False
        return Prediction(outputs, degraded=False)

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

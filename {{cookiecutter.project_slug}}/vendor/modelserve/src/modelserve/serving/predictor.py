"""The model with a net under it: it answers, and when it cannot, the training prior does."""

import logging

import numpy as np

from ..artifact import Manifest
from ..errors import ModelError
from ..notify import Notifier
from ..types import Model, ModelInput, Outputs, Prediction
from .output_validator import OutputValidator

log = logging.getLogger(__name__)


class Predictor:
    """Runs the model and holds its answers to what an answer must be.

    Args:
        model: what is run.
        manifest: says how many outputs there are, between what they lie, and what the training
            prior is.
        notifier: is told when the model fails.
        degraded_answers: answer from the prior, marked so, instead of failing.
    """

    def __init__(
        self, model: Model, manifest: Manifest, notifier: Notifier, *, degraded_answers: bool
    ) -> None:
        """Keep the prior as one row of outputs."""
        self._model = model
        self._notifier = notifier
        self._degraded_answers = degraded_answers
        self._fallback = np.asarray([manifest.fallback], dtype=np.float32)
        self._validator = OutputValidator(manifest.output_bounds)
        self.failing = False

    def predict(self, given: ModelInput) -> Prediction:
        """Return float32 outputs of shape (rows, n_outputs).

        Raises:
            ModelError: the model failed, and degraded answers are switched off.
        """
        try:
            outputs = self._model.run(given.tensors)
            self._check(outputs, given.rows)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A model may fail in any way; the service has an answer for all of them.
            return self._fall_back(error, given.rows)
        self.failing = False
        return Prediction(outputs, degraded=False)

    def _check(self, outputs: Outputs, rows: int) -> None:
        if outputs.shape != (rows, self._fallback.shape[1]):
            raise ModelError(f"the model answered {outputs.shape} to {rows} rows")
        if fault := self._validator.check(outputs):
            raise ModelError(fault)

    def _fall_back(self, error: Exception, rows: int) -> Prediction:
        self.failing = True
        if not self._degraded_answers:
            raise ModelError("The model failed on this input.") from error
        self._notifier.tell(
            f"model:{type(error).__name__}", f"The model failed, the prior answers: {error!r}"
        )
        log.error("model failed, prior answered", exc_info=error, extra={"rows": rows})
        return Prediction(np.repeat(self._fallback, rows, axis=0), degraded=True)

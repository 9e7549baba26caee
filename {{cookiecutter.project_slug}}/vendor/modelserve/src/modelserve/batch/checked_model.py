"""Runs the model on many rows: a row that it fails on has a reason instead of an answer."""

from typing import NamedTuple

import numpy as np

from ..manifest import Manifest
from ..serving.output_validator import OutputValidator
from ..serving.runtime import reason_of
from ..types import Model, ModelInput, Outputs
from .gathering import take_rows


class CheckedOutputs(NamedTuple):
    """Outputs of shape (rows, n_outputs), and why rows have none: "" for each that has.

    `reasons` is empty if every row is answered.
    """

    outputs: Outputs
    reasons: list[str]


class CheckedModel:
    """A model whose failures and invalid outputs are those of single rows.

    Args:
        model: turns tensors into outputs.
        manifest: the number of outputs, and their bounds.
    """

    def __init__(self, model: Model, manifest: Manifest) -> None:
        """Prepare the check of outputs."""
        self._model = model
        self._width = len(manifest.fallback)
        self._validator = OutputValidator(
            manifest.output_bounds, probabilities=bool(manifest.labels)
        )

    def run(self, given: ModelInput) -> CheckedOutputs:
        """Return the outputs; a call that fails is repeated with each half of its rows."""
        try:
            outputs = self._model.run(given.tensors)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A model may fail in any way; ONNX Runtime's errors have no other base.
            if given.rows == 1:
                nothing = np.full((1, self._width), np.nan, dtype=np.float32)
                return CheckedOutputs(nothing, [f"the model failed: {reason_of(error)}"])
            half = given.rows // 2
            parts = [
                self.run(take_rows(given, some)) for some in (range(half), range(half, given.rows))
            ]
            reasons = [
                reason for part in parts for reason in part.reasons or [""] * len(part.outputs)
            ]
            return CheckedOutputs(np.concatenate([part.outputs for part in parts]), reasons)
        fault = self._validator.check(outputs)
        return CheckedOutputs(outputs, self._validator.reasons(outputs) if fault else [])

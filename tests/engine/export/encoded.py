"""Compares how the page's scripts and the service encode a model's outputs."""

import json

import numpy as np
from modelserve import Service
from modelserve.export import web
from modelserve.serving.outputs import make_output_encoder
from modelserve.serving.predictor import Predictor
from modelserve.types import ModelInput, Outputs, Tensors

from tests.engine.node import Run


class FixedModel:
    """A model whose outputs are given."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs

    def run(self, tensors: Tensors) -> Outputs:
        """Return the outputs."""
        del tensors
        return self.outputs


class Silent:
    """A notifier that sends nothing."""

    def notify(self, *_: str) -> None:
        """Send nothing."""


def assert_encoded_alike(run: Run, service: Service, rows: list[list[float]]) -> None:
    """Check each row alone, and all of them together."""
    manifest, facts = service.artifact.manifest, web.model_facts(service)
    for outputs in (*([row] for row in rows), rows):
        array = np.array(outputs, dtype=np.float32)
        predictor = Predictor(FixedModel(array), manifest, Silent(), degraded_answers=True)
        prediction = predictor.predict(ModelInput({}, len(array)))
        expected = [json.loads(row) for row in make_output_encoder(manifest).rows(prediction)]
        actual = run("encodeRows(rows, model)", rows=array.tolist(), model=facts)
        assert actual["predictions"] == expected
        assert actual["degraded"] is prediction.degraded
        assert set(actual["invalid"]) == set(prediction.invalid)

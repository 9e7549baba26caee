"""The fallback answers for a value outside of a regressor's bounds."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.errors import ModelError
from modelserve.serving.outputs import make_output_encoder
from modelserve.serving.predictor import Predictor
from modelserve.types import ModelInput, Outputs, Tensors

FAMILIES = ("diabetes",)


class ConstantModel:
    """A model that repeats given values."""

    def __init__(self, *values: float) -> None:
        self._values = np.asarray(values, dtype=np.float32)[:, None]

    def run(self, tensors: Tensors) -> Outputs:
        """Return as many values as there are rows."""
        rows = len(next(iter(tensors.values())))
        return np.resize(self._values, (rows, 1))


class FakeNotifier:
    """Keep every message instead of sending it."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def notify(self, key: str, text: str) -> None:
        """Keep a message."""
        self.messages.append(f"{key}: {text}")


@pytest.fixture
def bounded(trained: Artifact) -> Artifact:
    """Return the project's own model with the bounds 0 to 100."""
    bounds = trained.manifest.output_bounds.model_copy(update={"minimum": 0.0, "maximum": 100.0})
    manifest = trained.manifest.model_copy(update={"output_bounds": bounds})
    return replace(trained, manifest=manifest)


@pytest.fixture
def given(project: Project, trained: Artifact, golden: list[dict[str, Any]]) -> ModelInput:
    """Return the golden cases as the model takes them."""
    codec = project.make_service(trained.folder).codec
    return codec.gather([case["input"] for case in golden])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(-0.5, "the model answered -0.5, not 0 to 100", id="below"),
        pytest.param(100.5, "the model answered 100.5, not 0 to 100", id="above"),
        pytest.param(np.nan, "the model's answer is not finite", id="not a number"),
    ],
)
def test_the_fallback_replaces_an_invalid_value(
    bounded: Artifact, given: ModelInput, value: float, message: str
) -> None:
    notifier: Any = FakeNotifier()
    model = ConstantModel(*[50.0] * (given.rows - 1), value)
    predictor = Predictor(model, bounded.manifest, notifier, degraded_answers=True)

    prediction = predictor.predict(given)

    assert prediction.degraded
    assert not predictor.failing  # on other rows
    assert message in notifier.messages[0]
    last = given.rows - 1
    assert prediction.invalid == {last: message}
    assert prediction.by_fallback.tolist() == [False] * last + [True]
    (fallback,) = bounded.manifest.fallback
    assert prediction.outputs.tolist() == [[50.0]] * last + [[pytest.approx(fallback)]]
    interval = bounded.manifest.output_bounds.interval
    assert interval is not None
    encoder = make_output_encoder(bounded.manifest)
    first, *_, replaced = map(json.loads, encoder.rows(prediction))
    assert first["lower"] == pytest.approx(max(50 - interval.half_width, 0))
    assert replaced["lower"] == pytest.approx(max(fallback - interval.fallback_half_width, 0))
    assert replaced["upper"] == pytest.approx(min(fallback + interval.fallback_half_width, 100))
    arrays = encoder.arrays(prediction)
    for name in ("value", "lower", "upper"):
        assert arrays[name][[0, last]].tolist() == pytest.approx([first[name], replaced[name]])


def test_a_single_invalid_value_is_a_failure_of_the_model(
    bounded: Artifact, project: Project, row: dict[str, Any]
) -> None:
    notifier: Any = FakeNotifier()
    predictor = Predictor(ConstantModel(-1), bounded.manifest, notifier, degraded_answers=True)
    given = project.make_service(bounded.folder).codec.gather([row])
    assert predictor.predict(given).by_fallback.tolist() == [True]
    assert predictor.failing


def test_a_value_may_be_very_large(trained: Artifact, given: ModelInput) -> None:
    bounds = trained.manifest.output_bounds.model_copy(update={"minimum": None, "maximum": None})
    manifest = trained.manifest.model_copy(update={"output_bounds": bounds})
    notifier: Any = FakeNotifier()
    predictor = Predictor(ConstantModel(3e38), manifest, notifier, degraded_answers=True)
    assert not predictor.predict(given).degraded


def test_without_degraded_answers_an_invalid_value_is_a_failure(
    bounded: Artifact, given: ModelInput
) -> None:
    notifier: Any = FakeNotifier()
    predictor = Predictor(ConstantModel(-1), bounded.manifest, notifier, degraded_answers=False)
    with pytest.raises(ModelError, match="failed on this input"):
        predictor.predict(given)


@pytest.mark.parametrize("value", [0.0, 100.0, 50.0])
def test_the_bounds_themselves_are_valid(
    bounded: Artifact, given: ModelInput, value: float
) -> None:
    notifier: Any = FakeNotifier()
    predictor = Predictor(ConstantModel(value), bounded.manifest, notifier, degraded_answers=False)
    assert not predictor.predict(given).degraded

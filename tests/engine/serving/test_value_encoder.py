"""A regressor's answers: the value, and the interval around it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Interval, OutputBounds
from modelserve.serving.outputs import ValueEncoder
from modelserve.types import Prediction, Tensor
from pydantic import TypeAdapter

FAMILIES = ("diabetes",)

INTERVAL = Interval(coverage=0.9, half_width=2.5, fallback_half_width=10)
VALUES = [4.0, -1.25, 1234.5]

MakeOutputs = Callable[..., ValueEncoder]


@pytest.fixture
def make_outputs(trained: Artifact) -> MakeOutputs:
    """Return a way to the answers of a model with other bounds."""

    def make(**changes: Any) -> ValueEncoder:
        bounds = OutputBounds(**changes)
        return ValueEncoder(trained.manifest.model_copy(update={"output_bounds": bounds}))

    return make


def predict(*values: float, degraded: bool = False) -> Prediction:
    """Return what a model, or the prior, has answered."""
    return Prediction(np.asarray(values, dtype=np.float32)[:, None], degraded=degraded)


def read(outputs: ValueEncoder, prediction: Prediction) -> list[Any]:
    """Return each row's prediction."""
    return [json.loads(row) for row in outputs.rows(prediction)]


def test_the_interval_reaches_as_far_to_either_side(make_outputs: MakeOutputs) -> None:
    assert read(make_outputs(interval=INTERVAL), predict(*VALUES)) == [
        {"value": 4, "lower": 1.5, "upper": 6.5},
        {"value": -1.25, "lower": -3.75, "upper": 1.25},
        {"value": 1234.5, "lower": 1232, "upper": 1237},
    ]


def test_the_interval_of_a_degraded_answer_is_the_priors(make_outputs: MakeOutputs) -> None:
    outputs = make_outputs(interval=INTERVAL)
    prior = predict(4, 4, degraded=True)
    assert read(outputs, prior) == [{"value": 4, "lower": -6, "upper": 14}] * 2
    arrays = outputs.arrays(prior)
    assert (arrays["lower"].tolist(), arrays["upper"].tolist()) == ([-6, -6], [14, 14])


@pytest.mark.parametrize(
    ("bounds", "ends"),
    [
        pytest.param({"minimum": 3.0}, (3, 6.5), id="minimum"),
        pytest.param({"maximum": 5.0}, (1.5, 5), id="maximum"),
        pytest.param({"minimum": 3.0, "maximum": 5.0}, (3, 5), id="both"),
        pytest.param({"minimum": 0.0, "maximum": 9.0}, (1.5, 6.5), id="wide ones"),
    ],
)
def test_the_interval_keeps_to_the_bounds(
    make_outputs: MakeOutputs, bounds: dict[str, float], ends: tuple[float, float]
) -> None:
    outputs = make_outputs(interval=INTERVAL, **bounds)
    (row,) = read(outputs, predict(4))
    arrays = outputs.arrays(predict(4))
    assert (row["lower"], row["upper"]) == ends
    assert (arrays["lower"].tolist(), arrays["upper"].tolist()) == ([ends[0]], [ends[1]])


@pytest.mark.parametrize("degraded", [False, True])
def test_without_an_interval_there_is_a_value_alone(
    make_outputs: MakeOutputs, degraded: bool
) -> None:
    outputs = make_outputs(minimum=0.0)
    prediction = predict(*VALUES, degraded=degraded)
    assert read(outputs, prediction) == [{"value": value} for value in VALUES]
    assert {name: each.tolist() for name, each in outputs.arrays(prediction).items()} == {
        "value": VALUES
    }
    assert outputs.tensors == (Tensor("value", "FP32", (-1,)),)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 16_777_216, 1.5e-7, 3e38, -0.0])
def test_a_value_has_all_the_digits_of_a_float32(make_outputs: MakeOutputs, value: float) -> None:
    (row,) = read(make_outputs(), predict(value))
    assert row["value"] == pytest.approx(np.float32(value), rel=1e-6)


@pytest.mark.parametrize("degraded", [False, True])
def test_arrays_say_the_same_as_rows(make_outputs: MakeOutputs, degraded: bool) -> None:
    outputs = make_outputs(interval=INTERVAL, minimum=-2.0, maximum=1235.0)
    prediction = predict(*VALUES, degraded=degraded)
    rows = read(outputs, prediction)
    arrays = outputs.arrays(prediction)
    for tensor in outputs.tensors:
        assert arrays[tensor.name].dtype == np.float32
        assert arrays[tensor.name].tolist() == pytest.approx([row[tensor.name] for row in rows])
    assert [tensor.name for tensor in outputs.tensors] == list(arrays) == list(rows[0])


def test_the_schema_tells_what_the_interval_holds(make_outputs: MakeOutputs) -> None:
    outputs = make_outputs(interval=INTERVAL)
    properties = TypeAdapter(outputs.prediction).json_schema()["properties"]
    assert list(properties) == ["value", "lower", "upper", "explanation"]
    assert properties["lower"]["description"] == "90 % of true values lie from here"
    assert properties["upper"]["description"] == "to here."


@pytest.mark.parametrize("interval", [INTERVAL, None], ids=["interval", "value alone"])
def test_every_answer_fits_its_schema(make_outputs: MakeOutputs, interval: Interval | None) -> None:
    outputs = make_outputs(interval=interval)
    for prediction in read(outputs, predict(*VALUES)):
        assert TypeAdapter(outputs.prediction).validate_python(prediction) == prediction


def test_a_value_has_no_labels(make_outputs: MakeOutputs) -> None:
    assert make_outputs().labels == ()

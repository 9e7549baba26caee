"""A metric passes or misses its bound, and a miss is reported with both numbers."""

import math

import pytest
from modelserve.errors import ConfigurationError
from modelserve.training import gate
from modelserve.training.sections import Gate


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        pytest.param(0.91, True, id="above"),
        pytest.param(0.9, True, id="on the bound"),
        pytest.param(0.89, False, id="below"),
        pytest.param(math.nan, False, id="no number"),
    ],
)
def test_a_minimum_is_the_least_that_passes(value: float, passed: bool) -> None:
    results = gate.compare({"score": value, "other": 0}, Gate(minimum={"score": 0.9}))
    assert [(each.metric, each.bound, each.passed) for each in results] == [
        ("score", ">= 0.9", passed)
    ]


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        pytest.param(0.3, True, id="below"),
        pytest.param(0.4, True, id="on the bound"),
        pytest.param(0.5, False, id="above"),
        pytest.param(math.nan, False, id="no number"),
    ],
)
def test_a_maximum_is_the_most_that_passes(value: float, passed: bool) -> None:
    results = gate.compare({"loss": value}, Gate(maximum={"loss": 0.4}))
    assert [(each.bound, each.passed) for each in results] == [("<= 0.4", passed)]


def test_every_missed_bound_is_reported_and_no_other() -> None:
    bounds = Gate(minimum={"score": 0.9, "recall": 0.1}, maximum={"loss": 0.4})
    results = gate.compare({"score": 0.5, "recall": 0.2, "loss": 1.23456}, bounds)
    assert gate.failures(results) == (
        "score is 0.5, should be >= 0.9; loss is 1.235, should be <= 0.4"
    )


def test_no_miss_is_an_empty_text() -> None:
    assert not gate.failures(gate.compare({"score": 1}, Gate(minimum={"score": 0.9})))


def test_every_unknown_metric_is_named_beside_those_there_are() -> None:
    bounds = Gate(minimum={"scoer": 0.9}, maximum={"lose": 0.4})
    with pytest.raises(ConfigurationError, match=r"lose, scoer\. There are score, loss\."):
        gate.compare({"score": 1, "loss": 0}, bounds)

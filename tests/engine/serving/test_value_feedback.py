"""How a regressor's answers turned out, as series from which every figure can be made."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.serving.feedback_metrics import LARGEST, MULTIPLES, ValueFeedback
from modelserve.serving.metrics_registry import MetricsRegistry
from pydantic import TypeAdapter, ValidationError
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

FAMILIES = ("diabetes",)

GROUPS = ("north", "south")

Make = Callable[..., ValueFeedback]
Figures = Callable[[str], Any]


@pytest.fixture
def make(trained: Artifact, series: MetricsRegistry) -> Make:
    """Return a way to the outcomes of a model whose mean error in training was another."""

    def outcomes(mae: float = 10.0) -> ValueFeedback:
        metrics = trained.manifest.metrics | {"mae": mae}
        return ValueFeedback(
            trained.manifest.model_copy(update={"metrics": metrics}), GROUPS, series
        )

    return outcomes


def test_figures_made_of_the_series_are_scikit_learns(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    random = np.random.default_rng(3)
    outcomes, rows = make(), 500
    outputs = random.normal(100, 20, size=(rows, 1)).astype(np.float32)
    truths, groups = random.normal(100, 20, rows), random.choice(["unstated", *GROUPS], rows)
    for answer, truth, group in zip(outcomes.keep(outputs), truths, groups, strict=True):
        outcomes.count(answer, float(truth), str(group))

    read = figures(series.expose().decode())

    for group in ("unstated", *GROUPS):
        answers, right = outputs[groups == group, 0].astype(float), truths[groups == group]
        errors = np.abs(answers - right)
        (count,) = read("model_absolute_error_count", group=group)
        (absolute,) = read("model_absolute_error_sum", group=group)
        (squared,) = read("model_squared_error_sum", group=group)
        assert count == len(errors)
        assert read("model_squared_error_count", group=group) == [count]
        assert absolute / count == pytest.approx(mean_absolute_error(right, answers))
        assert math.sqrt(squared / count) == pytest.approx(root_mean_squared_error(right, answers))
        assert read("model_overestimates_total", group=group) == [(answers > right).sum()]
        buckets = read.by("le", "model_absolute_error_bucket", group=group)
        assert {float(bound): each for bound, each in buckets.items()} == {
            bound: (errors <= bound).sum() for bound in (*(10 * m for m in MULTIPLES), math.inf)
        }


def test_every_group_stands_at_nought_from_the_start(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    make()
    read = figures(series.expose().decode())
    nought = dict.fromkeys(("unstated", *GROUPS), 0)
    for name in ("absolute_error_count", "squared_error_count", "overestimates_total"):
        assert read.by("group", f"model_{name}") == nought


@pytest.mark.parametrize(
    ("mae", "bound"), [pytest.param(2.5, 0.625, id="usual"), pytest.param(0.0, 0.25, id="none")]
)
def test_buckets_are_as_wide_as_errors_were_in_training(
    make: Make, series: MetricsRegistry, figures: Figures, mae: float, bound: float
) -> None:
    make(mae)
    buckets = figures(series.expose().decode()).by("le", "model_absolute_error_bucket")
    bounds = sorted(map(float, buckets))
    assert bounds[0] == bound
    assert len(bounds) == len(MULTIPLES) + 1


def test_an_answer_that_is_right_is_no_overestimate(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    outcomes = make()
    for answer, truth in ((2.0, 2.0), (2.0, 1.0), (2.0, 3.0)):
        outcomes.count(answer, truth, "north")
    read = figures(series.expose().decode())
    assert read("model_overestimates_total", group="north") == [1]
    assert read("model_absolute_error_sum", group="north") == [2]


def test_the_largest_truth_there_may_be_can_be_counted(
    make: Make, series: MetricsRegistry, figures: Figures
) -> None:
    outcomes, largest = make(), LARGEST
    truth = TypeAdapter(outcomes.truth)
    for sign in (-1, 1):
        outcomes.count(-sign * largest, truth.validate_python(sign * largest), "unstated")
    read = figures(series.expose().decode())
    assert read("model_squared_error_sum", group="unstated") == [8 * largest**2]


def test_only_a_number_within_reach_can_be_true(make: Make) -> None:
    truth = TypeAdapter(make().truth)
    assert [truth.validate_python(each, strict=True) for each in (0, -1.5, 2)] == [0, -1.5, 2]
    for wrong in (math.nan, math.inf, -math.inf, 1e39, -1e300, 10**400, "1", None, True, [1.0]):
        with pytest.raises(ValidationError):
            truth.validate_python(wrong, strict=True)

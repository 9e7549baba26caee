"""A regressor's metrics equal those computed by hand."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidInputError
from modelserve.manifest import Interval, OutputBounds
from modelserve.training.regressor import Regressor
from modelserve.training.sections import OutputSection
from pydantic import ValidationError

REGRESSOR = Regressor()
TRUTH = [1.0, 2.0, 3.0, 6.0]


def measure(target: list[float], answers: list[float], kept: OutputBounds | None = None) -> Any:
    """Return the metrics of a regressor's answers."""
    given = np.asarray(answers, dtype=np.float32)[:, None]
    return REGRESSOR.measure(target, given, (), kept or OutputBounds()).metrics


def test_a_perfect_regressor_has_the_best_metrics() -> None:
    assert measure(TRUTH, TRUTH) == {"mae": 0, "rmse": 0, "r2": 1, "median_absolute_error": 0}


def test_each_metric_weighs_errors_its_own_way() -> None:
    # The errors are 1, 0, 0 and 3; around their mean of 3, the true values vary by 14.
    assert measure(TRUTH, [2, 2, 3, 3]) == {
        "mae": 1,
        "rmse": pytest.approx(np.sqrt(10 / 4)),
        "r2": pytest.approx(1 - 10 / 14),
        "median_absolute_error": 0.5,
    }


def test_answering_the_mean_explains_nothing() -> None:
    assert measure(TRUTH, [3] * 4)["r2"] == 0


def test_the_intervals_coverage_is_the_share_of_true_values_in_it() -> None:
    interval = Interval(coverage=0.9, half_width=1, fallback_half_width=0)
    kept = OutputBounds(interval=interval)
    # An end belongs to the interval.
    assert measure(TRUTH, [2, 2, 3, 3], kept)["interval_coverage"] == 0.75
    assert measure(TRUTH, [2.01, 2, 3, 3], kept)["interval_coverage"] == 0.5


def test_the_fallback_is_the_median() -> None:
    assert REGRESSOR.fallback([1, 100, 2, 3], ()) == (2.5,)


def test_a_regressor_has_no_labels() -> None:
    assert not REGRESSOR.labels_of([1.0, 2.0])


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(np.arange(10, dtype=np.int64), id="integers"),
        pytest.param(np.arange(10) / 7, id="numbers"),
        pytest.param(np.arange(10).astype(object), id="objects"),
    ],
)
def test_the_split_keeps_the_shares_of_small_and_large_values(target: np.ndarray) -> None:
    assert REGRESSOR.stratify(target).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_values_that_repeat_are_fewer_groups() -> None:
    groups = REGRESSOR.stratify(np.array([0, 0, 0, 0, 0, 0, 0, 5, 5, 9]))
    assert len(set(groups[:7])) == 1
    assert groups[0] < groups[7] < groups[9]
    assert set(REGRESSOR.stratify(np.zeros(9))) == {0}


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(["low", "high"], id="text"),
        pytest.param(["1", "many"], id="a number and text"),
        pytest.param([1.0, np.nan], id="not a number"),
        pytest.param([1.0, -np.inf], id="infinite"),
        pytest.param([1.0, None], id="nothing"),
        pytest.param([1.0, [2.0]], id="a list"),
    ],
)
def test_a_target_with_other_values_than_finite_numbers_is_rejected(target: list[Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        REGRESSOR.stratify(np.array(target, dtype=object))
    assert list(caught.value.errors) == [("target", "should hold finite numbers only")]


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        pytest.param(
            ["low", "high"], "holds 'low': that is a label; write task = \"class", id="text"
        ),
        pytest.param([True, False], "holds 'True': that is a label", id="truths"),
        pytest.param(np.array([True, False], object), "holds 'True': that", id="object truths"),
        pytest.param([1, "a"], "holds values of several types, such as", id="several types"),
        pytest.param([0, 1, 1], "has the values 0 and 1 only: that is a label", id="two values"),
        pytest.param(["1", "2", "3"], "holds numbers as text", id="numbers as text"),
        pytest.param(["x" * 500], "holds 'xxx", id="long text"),
        pytest.param([date(2026, 1, 1)] * 3, "holds dates; make numbers of them", id="dates"),
        pytest.param([7, 7], "has the value 7 in every row; there is nothing to", id="constant"),
        pytest.param(
            [f"{i}.7%" for i in range(9)], ": make numbers of them in `load` (data.py)", id="units"
        ),
        pytest.param([f"R$ -{i}.67" for i in range(9)], "numbers with a unit", id="currency"),
        pytest.param(
            [1.7e9 + i / 100 for i in range(99)],
            "such as 1700000000 and 1700000000.01 (99 different ones become 1); subtract a start",
            id="a large offset",
        ),
        pytest.param(
            [(i + 1) * 1e-48 for i in range(99)], "(99 different ones become 1)", id="tiny"
        ),
    ],
)
def test_a_target_of_labels_is_refused_with_the_way_out(target: Any, complaint: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        REGRESSOR.prepare(pd.Series(target, name="worth"))
    (error,) = caught.value.errors
    assert error.pointer == "worth"
    assert complaint in error.detail
    assert len(error.detail) < 250


@pytest.mark.parametrize("target", [[1, 2, 3], [1.5, 2.5, 2.5, 0.0], [7e8, 7e8 + 1, 1e3]])
def test_values_are_taken_as_they_are(target: list[float]) -> None:
    given = pd.Series(target)
    assert REGRESSOR.prepare(given) is given


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90])
def test_a_coverage_is_a_share(coverage: float) -> None:
    with pytest.raises(ValidationError, match="coverage"):
        OutputSection(coverage=coverage)


def test_an_unknown_option_is_rejected() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        OutputSection(least=0)

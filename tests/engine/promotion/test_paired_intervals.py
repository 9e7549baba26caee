"""Differences of metrics are resampled with the same rows for both models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.promotion.paired import own_intervals, paired_intervals, percentiles
from modelserve.training.measures.classification import predict_labels
from modelserve.training.measures.predictions import LabelPredictions, ValuePredictions
from numpy.typing import NDArray
from scipy import stats

ROWS = 400
LABELS = ("no", "yes")


@pytest.fixture
def values() -> tuple[ValuePredictions, ValuePredictions]:
    """Return two regressors that err alike, the second a little less."""
    generator = np.random.default_rng(0)
    truth = generator.normal(size=ROWS)
    shared = generator.normal(size=ROWS)
    return (
        ValuePredictions(truth, truth + shared, None),
        ValuePredictions(truth, truth + 0.9 * shared + generator.normal(0, 0.05, ROWS), None),
    )


@pytest.fixture
def labels() -> tuple[LabelPredictions, LabelPredictions]:
    """Return two classifiers of the same rows, the second a little more certain."""
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, ROWS)
    scores = 1.2 * (2 * truth - 1) + generator.normal(0, 1.5, ROWS)
    made = []
    for scale in (0.5, 0.8):
        share = 1 / (1 + np.exp(-scale * scores))
        outputs = np.column_stack([1 - share, share]).astype(np.float32)
        made.append(predict_labels([LABELS[code] for code in truth], outputs, LABELS, None))
    return made[0], made[1]


def test_the_interval_is_that_of_scipys_paired_bootstrap(
    values: tuple[ValuePredictions, ValuePredictions],
) -> None:
    served, fresh = values

    def difference(one: NDArray[Any], other: NDArray[Any], axis: int = -1) -> NDArray[Any]:
        return np.asarray(other.mean(axis=axis) - one.mean(axis=axis))

    expected = stats.bootstrap(
        (served.errors, fresh.errors),
        difference,
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    actual = paired_intervals(values, {"mae": fresh.errors.mean() - served.errors.mean()}, seed=0)
    width = expected.high - expected.low
    assert actual["mae"] == pytest.approx((expected.low, expected.high), abs=0.1 * width)


def test_a_classifiers_interval_is_that_of_scipys_paired_bootstrap(
    labels: tuple[LabelPredictions, LabelPredictions],
) -> None:
    losses = [
        -np.log(np.take_along_axis(each.shares, each.truth[:, None], axis=1)[:, 0])
        for each in labels
    ]
    expected = stats.bootstrap(
        tuple(losses),
        lambda one, other, axis=-1: other.mean(axis=axis) - one.mean(axis=axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    difference = float(losses[1].mean() - losses[0].mean())
    actual = paired_intervals(labels, {"log_loss": difference}, seed=0)["log_loss"]
    width = expected.high - expected.low
    assert actual == pytest.approx((expected.low, expected.high), abs=0.1 * width)


def test_pairing_finds_what_two_separate_intervals_hide(
    values: tuple[ValuePredictions, ValuePredictions],
) -> None:
    served, fresh = values
    ends = [
        stats.t.interval(0.95, ROWS - 1, each.errors.mean(), stats.sem(each.errors))
        for each in values
    ]
    assert ends[0][0] < ends[1][1], "the intervals of both overlap"
    difference = fresh.errors.mean() - served.errors.mean()
    assert paired_intervals(values, {"mae": difference}, seed=0)["mae"][1] < 0


def test_a_seed_always_gives_the_same(values: tuple[ValuePredictions, ValuePredictions]) -> None:
    given = {"mae": 0.0, "r2": 0.0}
    first, again, other = (paired_intervals(values, given, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_equal_models_differ_by_nothing(
    values: tuple[ValuePredictions, ValuePredictions],
) -> None:
    pair = (values[0], values[0])
    assert paired_intervals(pair, {"mae": 0.0}, seed=0) == {"mae": (0.0, 0.0)}


def test_many_rows_are_resampled_in_part_and_the_interval_is_that_of_all() -> None:
    generator = np.random.default_rng(5)
    truth, shared = generator.normal(size=(2, 40_000))
    pair = (ValuePredictions(truth, truth + shared, None), ValuePredictions(truth, truth, None))
    differences = pair[1].errors - pair[0].errors
    low, high = paired_intervals(pair, {"mae": differences.mean()}, seed=0)["mae"]
    expected = 2 * 1.96 * differences.std() / np.sqrt(len(truth))
    assert (low + high) / 2 == pytest.approx(differences.mean(), abs=expected / 5)
    assert high - low == pytest.approx(expected, rel=0.15)


def test_a_projects_own_metric_has_an_interval() -> None:
    generator = np.random.default_rng(6)
    truth = generator.normal(size=ROWS)
    table = Table(pd.DataFrame({"x": truth}), pd.Series(truth))
    outputs = [
        (truth + scale * generator.normal(size=ROWS)).astype(np.float32)[:, None]
        for scale in (1.0, 0.5)
    ]

    def metrics(rows: Any, given: NDArray[np.float32]) -> Mapping[str, float]:
        return {"cost": float(np.abs(rows.target.to_numpy() - given[:, 0]).mean())}

    found = own_intervals(metrics, table, (outputs[0], outputs[1]), ["cost"], seed=0)
    low, high = found["cost"]
    errors = [np.abs(truth - each[:, 0]) for each in outputs]
    assert low < errors[1].mean() - errors[0].mean() < high < 0
    assert found == own_intervals(metrics, table, (outputs[0], outputs[1]), ["cost"], seed=0)


def test_a_metric_that_fails_on_resamples_has_no_interval() -> None:
    table = Table(pd.DataFrame({"x": [1.0, 2.0]}), pd.Series([0.0, 1.0]))
    outputs = np.zeros((2, 1), np.float32)

    def metrics(rows: Any, _: object) -> Mapping[str, float]:
        if rows.target.nunique() < 2:
            raise ZeroDivisionError
        return {"cost": 1.0}

    assert own_intervals(metrics, table, (outputs, outputs), ["cost"], seed=0) == {}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_metric_that_is_never_finite_has_no_interval_and_the_others_have(value: float) -> None:
    table = Table(pd.DataFrame({"x": np.arange(9.0)}), pd.Series(np.arange(9.0)))
    outputs = np.zeros((9, 1), np.float32)

    def metrics(rows: Any, given: NDArray[np.float32]) -> Mapping[str, float]:
        return {"share": value, "cost": float(np.abs(rows.target.to_numpy() - given[:, 0]).mean())}

    found = own_intervals(metrics, table, (outputs, outputs), ["share", "cost"], seed=0)
    assert found == {"cost": (0.0, 0.0)}


def test_percentiles_of_too_many_undefined_values_are_none() -> None:
    assert percentiles(np.array([np.nan, 1.0])) is None
    assert percentiles(np.arange(101.0)) == pytest.approx((2.5, 97.5))

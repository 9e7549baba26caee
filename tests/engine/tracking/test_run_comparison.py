"""A comparison shows what differs, and marks what is better."""

import pytest
from modelserve.tracking.run_comparison import compare_runs
from modelserve.tracking.run_record import RunData, RunRecord

from tests.engine.tracking.conftest import MakeRecord


def rows_of(*records: RunRecord) -> dict[str, tuple[str, ...]]:
    """Return the rows of a comparison by their names."""
    return {row.name: row.values for row in compare_runs(records)}


def test_only_parameters_that_differ_are_shown(make_record: MakeRecord) -> None:
    rows = rows_of(
        make_record(parameters={"model.C": 1.0, "split.by": "random", "model.l1": None}),
        make_record(parameters={"model.C": 0.1, "split.by": "random", "model.penalty": "l2"}),
    )
    assert rows["model.C"] == ("1.0", "0.1")
    assert rows["model.penalty"] == ("", "l2")
    assert {"split.by", "seed", "model.l1"}.isdisjoint(rows)


@pytest.mark.parametrize(
    ("metric", "lower_is_better", "values", "expected"),
    [
        pytest.param("accuracy", (), (0.8, 0.9), ("0.8000", "0.9000 *"), id="higher"),
        pytest.param("log_loss", (), (0.8, 0.9), ("0.8000 *", "0.9000"), id="lower"),
        pytest.param("recall:yes", (), (0.8, 0.9), ("0.8000", "0.9000 *"), id="of a label"),
        pytest.param("cost", ("cost",), (8, 9), ("8.0000 *", "9.0000"), id="own, lower"),
        pytest.param("gain", (), (8, 9), ("8.0000", "9.0000 *"), id="own"),
        pytest.param("accuracy", (), (0.9, 0.9), ("0.9000", "0.9000"), id="equal"),
        pytest.param("interval_coverage", (), (0.8, 0.9), ("0.8000", "0.9000"), id="neither"),
    ],
)
def test_the_better_metric_is_marked(
    make_record: MakeRecord,
    metric: str,
    lower_is_better: tuple[str, ...],
    values: tuple[float, float],
    expected: tuple[str, str],
) -> None:
    records = [
        make_record(metrics={metric: value}, lower_is_better=lower_is_better) for value in values
    ]
    assert rows_of(*records)[metric] == expected


def test_runs_without_metrics_can_be_compared(make_record: MakeRecord) -> None:
    failed = make_record(status="failed", metrics={}, data=RunData(source="x.csv"), version=None)
    rows = rows_of(make_record(), failed)
    assert rows["accuracy"] == ("0.9000", "")
    assert rows["data SHA-256"] == ("a" * 12, "")
    assert rows["status"] == ("finished", "failed")


def test_changes_that_no_commit_has_are_shown(make_record: MakeRecord) -> None:
    rows = rows_of(
        make_record(git_commit="0123456789abcdef", dirty=True),
        make_record(git_commit="0123456789abcdef", dirty=False),
    )
    assert rows["commit"] == ("012345678 dirty", "012345678")

"""Each estimator and step converts, or does not, as the table in the library's docs says."""

from pathlib import Path

import pytest

from tests.engine.training import convertible
from tests.engine.training.convertible import Tried

# What takes long, or is rarely used.
SLOW = (
    *("ARD", "CalibratedClassifierCV", "ExtraTreeC", "ExtraTreeR", "GaussianProcess", "Lars"),
    *("LassoLars", "LogisticRegressionCV", "NuSV", "OneVs", "Orthogonal", "OutputCode"),
    *("PassiveAggressive", "Perceptron", "PLS", "RANSAC", "RidgeClassifierCV", "SplineTransformer"),
    *("TheilSen",),
)
ROWS = convertible.read_page()


def test_the_table_lists_everything_that_can_be_named() -> None:
    assert [(row.name, row.task) for row in ROWS] == list(convertible.names())


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(each, marks=[pytest.mark.slow] if each.name.startswith(SLOW) else [])
        for each in ROWS
    ],
    ids=lambda row: f"{row.name} {row.task}",
)
def test_it_converts_as_the_table_says(
    row: Tried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert convertible.attempt(row.name, row.task) == row.reason
    assert not list(tmp_path.iterdir())  # CatBoost writes files by default

"""A field is as important as the error that comes of shuffling it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, Table, artifact
from modelserve.artifact import Artifact
from modelserve.training import importance
from modelserve.training.config import Config
from modelserve.training.importance import permutation_importance
from modelserve.training.splits import load_splits
from modelserve.training.table.pipeline import encode_columns, export_pipeline, fit_pipeline
from sklearn.linear_model import LinearRegression


@pytest.fixture(scope="module")
def table() -> Table:
    """Return rows whose target depends on one number much, on a category little, on one not."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "noise": generator.normal(size=300),
            "much": generator.normal(size=300),
            "group": generator.choice(["a", "b"], 300),
        }
    )
    frame["y"] = 5 * frame["much"] + (frame["group"] == "a")
    return Table.from_frame(frame, target="y")


@pytest.fixture(scope="module")
def files(table: Table) -> Any:
    """Return the graph of a linear model of these rows."""
    fitted = fit_pipeline(table, encode_columns(table), LinearRegression())
    return export_pipeline(fitted, table, labels=()).files


def test_the_fields_stand_by_importance(table: Table, files: Any) -> None:
    metric, rows, fields = permutation_importance(files, table, (), seed=1)
    assert (metric, rows) == ("mae", 300)
    assert [each.field for each in fields] == ["much", "group", "noise"]
    # The mean distance of two draws of a standard normal is 2 / sqrt(pi), and it is times five.
    assert fields[0].rise == pytest.approx(5 * 2 / np.sqrt(np.pi), rel=0.1)
    assert fields[1].rise == pytest.approx(0.5, rel=0.1)
    assert fields[2].rise == pytest.approx(0, abs=1e-4)
    assert 0 < fields[0].deviation < 0.3


def test_a_seed_gives_the_same_importance(table: Table, files: Any) -> None:
    first, second = (permutation_importance(files, table, (), seed=2) for _ in range(2))
    assert first == second != permutation_importance(files, table, (), seed=3)


def test_of_many_rows_a_part_is_shuffled(
    table: Table, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "MAX_PREDICTIONS", 1_500)
    _, rows, fields = permutation_importance(files, table, (), seed=1)
    assert rows == 1_500 // (3 * importance.REPEATS)
    assert fields[0].field == "much"


def test_it_is_left_out_where_it_takes_too_long(
    table: Table, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "MAX_SECONDS", -1)
    assert not permutation_importance(files, table, (), seed=1).fields


def test_the_rows_stay_as_they_are(table: Table, files: Any) -> None:
    before = table.rows.copy()
    permutation_importance(files, table, (), seed=1)
    pd.testing.assert_frame_equal(table.rows, before)


def test_labels_are_measured_by_log_loss(
    project: Project, config: Config, trained: Artifact
) -> None:
    test = load_splits(project, config).test
    files = {artifact.MODEL: trained.folder / artifact.MODEL}
    metric, rows, fields = permutation_importance(files, test, trained.manifest.labels, seed=1)
    assert (metric, rows) == ("log_loss", len(test))
    assert fields[0].rise > 0.1

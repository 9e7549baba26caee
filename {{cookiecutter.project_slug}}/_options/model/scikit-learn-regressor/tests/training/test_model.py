"""Whatever scikit-learn fits becomes a graph that answers as the model does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from package.artifact import MODEL
from package.training import model, parity
from package.training.config import Config
from package.training.data import Dataset
from package.training.model import Options

OPTIONS = Options(trees=20)


def make_dataset(rows: int = 120) -> Dataset:
    """Return rows whose columns tell the target, give or take."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.uniform(0, 10, size=(rows, 3)), columns=["x0", "x1", "x2"])
    noise = random.normal(scale=0.5, size=rows)
    return Dataset(frame, 3 * frame["x0"] - frame["x1"] + noise)


NUMBERS = make_dataset()


@pytest.mark.parametrize("kind", ["float64", "Float64", "Int64", "int32"])
def test_the_graph_answers_as_the_model(kind: str) -> None:
    dataset = Dataset(NUMBERS.rows, NUMBERS.target.round().astype(kind))

    made = model.make(dataset, OPTIONS, 1)

    answers = parity.run_graph(made.files, dataset)
    native = made.native(dataset)
    assert made.labels == ()
    assert native.shape == (len(dataset), 1)
    assert native.dtype == answers.dtype == np.float32
    assert parity.compare(native, answers, tolerance=1e-4) <= 1e-4
    assert np.corrcoef(answers[:, 0], NUMBERS.target)[0, 1] > 0.9


def test_categories_and_gaps_reach_the_model() -> None:
    high = NUMBERS.target > NUMBERS.target.median()
    rows = NUMBERS.rows.assign(town=np.where(high, "Łódź", None), x0=0.0)
    rows.loc[::5, "x1"] = None
    dataset = Dataset(rows, NUMBERS.target)

    made = model.make(dataset, OPTIONS, 1)

    answers = parity.run_graph(made.files, dataset)
    parity.compare(made.native(dataset), answers, tolerance=1e-4)
    assert answers[high].mean() > answers[~high].mean() + 5


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(model.build, id="the project's own"),
        pytest.param(lambda *_: Ridge(), id="linear"),
        pytest.param(lambda *_: make_pipeline(StandardScaler(), Ridge()), id="a pipeline"),
        pytest.param(lambda *_: GradientBoostingRegressor(random_state=1), id="boosting"),
    ],
)
def test_another_model_behind_the_seam_is_exported_alike(
    monkeypatch: pytest.MonkeyPatch, build: Callable[[Options, int], BaseEstimator]
) -> None:
    monkeypatch.setattr(model, "build", build)

    made = model.make(NUMBERS, OPTIONS, 1)

    graph = onnx.load_from_string(made.files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["value"]
    answers = parity.run_graph(made.files, NUMBERS)
    parity.compare(made.native(NUMBERS), answers, tolerance=1e-4)


def test_one_seed_gives_one_graph_and_another_another() -> None:
    first, second, third = (model.make(NUMBERS, OPTIONS, seed).files[MODEL] for seed in (1, 1, 2))
    assert first == second != third


def test_the_seed_and_the_options_reach_the_model(config: Config) -> None:
    forest = model.build(Options(trees=7, least_rows_in_leaf=9), 77)
    assert (forest.n_estimators, forest.min_samples_leaf, forest.random_state) == (7, 9, 77)
    assert isinstance(config.model, Options)


def test_larger_leaves_tell_rows_less_apart() -> None:
    fine, coarse = (
        model.make(NUMBERS, Options(trees=20, least_rows_in_leaf=rows), 1).native(NUMBERS).std()
        for rows in (1, 50)
    )
    assert fine > 1.5 * coarse


@pytest.mark.parametrize(
    "options", [{"n_estimators": 1}, {"trees": 0}, {"least_rows_in_leaf": 0}, {"trees": 1.5}]
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**options)

"""Whatever scikit-learn fits becomes a graph that answers as the model does."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL
from modelserve.training import parity
from modelserve.training.config import Config
from modelserve.training.table.table import Table
from pydantic import ValidationError
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FAMILIES = ("diabetes",)
OPTIONS: dict[str, Any] = {"n_estimators": 20}


def make_dataset(rows: int = 120) -> Table:
    """Return rows whose columns determine the target, with noise."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.uniform(0, 10, size=(rows, 3)), columns=["x0", "x1", "x2"])
    noise = random.normal(scale=0.5, size=rows)
    return Table(frame, 3 * frame["x0"] - frame["x1"] + noise)


NUMBERS = make_dataset()


@pytest.mark.parametrize("kind", ["float64", "Float64", "Int64", "int32"])
def test_the_graph_answers_as_the_model(model: ModuleType, kind: str) -> None:
    dataset = Table(NUMBERS.rows, NUMBERS.target.round().astype(kind))

    exported = model.train(dataset, model.Options(**OPTIONS), 1)

    answers = parity.run_graph(exported.files, dataset)
    native = exported.native(dataset)
    assert exported.labels == ()
    assert native.shape == (len(dataset), 1)
    assert native.dtype == answers.dtype == np.float32
    assert parity.compare(native, answers, tolerance=1e-4) <= 1e-4
    assert np.corrcoef(answers[:, 0], NUMBERS.target)[0, 1] > 0.9


def test_categories_and_missing_values_reach_the_model(model: ModuleType) -> None:
    high = NUMBERS.target > NUMBERS.target.median()
    rows = NUMBERS.rows.assign(town=np.where(high, "Łódź", None), x0=0.0)
    rows.loc[::5, "x1"] = None
    dataset = Table(rows, NUMBERS.target)

    exported = model.train(dataset, model.Options(**OPTIONS), 1)

    answers = parity.run_graph(exported.files, dataset)
    parity.compare(exported.native(dataset), answers, tolerance=1e-4)
    assert answers[high].mean() > answers[~high].mean() + 5


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(None, id="the project's own"),
        pytest.param(lambda *_: Ridge(), id="linear"),
        pytest.param(lambda *_: make_pipeline(StandardScaler(), Ridge()), id="a pipeline"),
        pytest.param(lambda *_: GradientBoostingRegressor(random_state=1), id="boosting"),
    ],
)
def test_any_estimator_that_build_returns_is_exported(
    model: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[Any, int], BaseEstimator] | None,
) -> None:
    if build:
        monkeypatch.setattr(model, "build", build)

    exported = model.train(NUMBERS, model.Options(**OPTIONS), 1)

    graph = onnx.load_from_string(exported.files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["value"]
    answers = parity.run_graph(exported.files, NUMBERS)
    parity.compare(exported.native(NUMBERS), answers, tolerance=1e-4)


def test_one_seed_gives_one_graph_and_another_another(model: ModuleType) -> None:
    first, second, third = (
        model.train(NUMBERS, model.Options(**OPTIONS), seed).files[MODEL] for seed in (1, 1, 2)
    )
    assert first == second != third


def test_the_seed_and_the_options_reach_the_model(model: ModuleType, config: Config) -> None:
    forest = model.build(model.Options(n_estimators=7, min_samples_leaf=9), 77)
    assert (forest.n_estimators, forest.min_samples_leaf, forest.random_state) == (7, 9, 77)
    assert isinstance(config.model, model.Options)


def test_larger_leaves_give_values_that_vary_less(model: ModuleType) -> None:
    fine, coarse = (
        model.train(NUMBERS, model.Options(n_estimators=20, min_samples_leaf=rows), 1)
        .native(NUMBERS)
        .std()
        for rows in (1, 50)
    )
    assert fine > 1.5 * coarse


@pytest.mark.parametrize(
    "options", [{"trees": 1}, {"n_estimators": 0}, {"min_samples_leaf": 0}, {"n_estimators": 1.5}]
)
def test_options_out_of_range_are_rejected(model: ModuleType, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.Options(**options)

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
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FAMILIES = ("iris",)


def make_dataset(labels: list[Any], rows: int = 90) -> Table:
    """Return rows whose first column determines the label, with noise."""
    random = np.random.default_rng(3)
    index = np.arange(rows) % len(labels)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["x0", "x1", "x2"])
    frame["x0"] += 3 * index
    return Table(frame, pd.Series([labels[i] for i in index]))


THREE = make_dataset(["b", "c", "a"])
FOREST = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1))


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        pytest.param(["b", "c", "a"], ("a", "b", "c"), id="three"),
        pytest.param(["yes", "no"], ("no", "yes"), id="two"),
        pytest.param([2, 10, 1], ("1", "2", "10"), id="numbers"),
        pytest.param([True, False], ("False", "True"), id="truths"),
    ],
)
def test_the_graph_answers_as_the_model(
    model: ModuleType, labels: list[Any], ordered: tuple[str, ...]
) -> None:
    dataset = make_dataset(labels)

    exported = model.train(dataset, model.Options(), 1)

    answers = parity.run_graph(exported.files, dataset)
    native = exported.native(dataset)
    assert exported.labels == ordered
    assert native.shape == (len(dataset), len(labels))
    assert native.dtype == answers.dtype == np.float32
    assert parity.compare(native, answers, tolerance=1e-5) <= 1e-5
    guess = [ordered[i] for i in answers.argmax(axis=1)]
    right = [label == str(truth) for label, truth in zip(guess, dataset.target, strict=True)]
    assert np.mean(right) > 0.8


def test_categories_and_missing_values_reach_the_model(model: ModuleType) -> None:
    rows = THREE.rows.assign(town=THREE.target.map({"a": "Łódź", "b": "São Paulo", "c": None}))
    rows.loc[::5, "x0"] = None
    dataset = Table(rows, THREE.target)

    exported = model.train(dataset, model.Options(), 1)

    answers = parity.run_graph(exported.files, dataset)
    parity.compare(exported.native(dataset), answers, tolerance=1e-5)
    guess = np.array(exported.labels)[answers.argmax(axis=1)]
    assert (guess == THREE.target).all()


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(None, id="the project's own"),
        pytest.param(lambda *_: LogisticRegression(), id="no pipeline"),
        pytest.param(lambda *_: FOREST, id="forest"),
        pytest.param(lambda *_: make_pipeline(FOREST), id="a pipeline in a pipeline"),
    ],
)
def test_any_estimator_that_build_returns_is_exported(
    model: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[Any, int], BaseEstimator] | None,
) -> None:
    if build:
        monkeypatch.setattr(model, "build", build)

    exported = model.train(THREE, model.Options(), 1)

    graph = onnx.load_from_string(exported.files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["probabilities"]
    answers = parity.run_graph(exported.files, THREE)
    parity.compare(exported.native(THREE), answers, tolerance=1e-5)


def test_one_seed_gives_one_graph(model: ModuleType) -> None:
    first, second = (model.train(THREE, model.Options(), 1).files[MODEL] for _ in range(2))
    assert first == second


def test_the_seed_and_the_options_reach_the_model(model: ModuleType, config: Config) -> None:
    parameters = model.build(model.Options(C=0.125), 77).get_params()
    assert parameters["logisticregression__random_state"] == 77
    assert parameters["logisticregression__C"] == 0.125
    assert isinstance(config.model, model.Options)


def test_stronger_regularisation_lowers_the_confidence(model: ModuleType) -> None:
    loose, tight = (
        model.train(THREE, model.Options(C=c), 1).native(THREE).max(axis=1).mean()
        for c in (10, 0.001)
    )
    assert loose > 0.85 > 0.5 > tight


@pytest.mark.parametrize("options", [{"c": 1}, {"C": 0}])
def test_options_out_of_range_are_rejected(model: ModuleType, options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        model.Options(**options)

"""Whatever scikit-learn fits becomes a graph that answers as the model does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from package.artifact import MODEL
from package.training import model, parity
from package.training.config import Config
from package.training.data import Dataset
from package.training.model import Options

OPTIONS = Options()


def make_dataset(labels: list[Any], rows: int = 90) -> Dataset:
    """Return rows whose first column tells the label, give or take."""
    random = np.random.default_rng(3)
    index = np.arange(rows) % len(labels)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["x0", "x1", "x2"])
    frame["x0"] += 3 * index
    return Dataset(frame, pd.Series([labels[i] for i in index]))


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
def test_the_graph_answers_as_the_model(labels: list[Any], ordered: tuple[str, ...]) -> None:
    dataset = make_dataset(labels)

    made = model.make(dataset, OPTIONS, 1)

    answers = parity.run_graph(made.files, dataset)
    native = made.native(dataset)
    assert made.labels == ordered
    assert native.shape == (len(dataset), len(labels))
    assert native.dtype == answers.dtype == np.float32
    assert parity.compare(native, answers, tolerance=1e-5) <= 1e-5
    guess = [ordered[i] for i in answers.argmax(axis=1)]
    right = [label == str(truth) for label, truth in zip(guess, dataset.target, strict=True)]
    assert np.mean(right) > 0.8


def test_categories_and_gaps_reach_the_model() -> None:
    rows = THREE.rows.assign(town=THREE.target.map({"a": "Łódź", "b": "São Paulo", "c": None}))
    rows.loc[::5, "x0"] = None
    dataset = Dataset(rows, THREE.target)

    made = model.make(dataset, OPTIONS, 1)

    answers = parity.run_graph(made.files, dataset)
    parity.compare(made.native(dataset), answers, tolerance=1e-5)
    guess = np.array(made.labels)[answers.argmax(axis=1)]
    assert (guess == THREE.target).all()


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(model.build, id="the project's own"),
        pytest.param(lambda *_: LogisticRegression(), id="no pipeline"),
        pytest.param(lambda *_: FOREST, id="forest"),
        pytest.param(lambda *_: make_pipeline(FOREST), id="a pipeline in a pipeline"),
    ],
)
def test_another_model_behind_the_seam_is_exported_alike(
    monkeypatch: pytest.MonkeyPatch, build: Callable[[Options, int], BaseEstimator]
) -> None:
    monkeypatch.setattr(model, "build", build)

    made = model.make(THREE, OPTIONS, 1)

    graph = onnx.load_from_string(made.files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["probabilities"]
    answers = parity.run_graph(made.files, THREE)
    parity.compare(made.native(THREE), answers, tolerance=1e-5)


def test_one_seed_gives_one_graph() -> None:
    first, second = (model.make(THREE, OPTIONS, 1).files[MODEL] for _ in range(2))
    assert first == second


def test_the_seed_and_the_options_reach_the_model(config: Config) -> None:
    parameters = model.build(Options(inverse_regularisation=0.125), 77).get_params()
    assert parameters["logisticregression__random_state"] == 77
    assert parameters["logisticregression__C"] == 0.125
    assert isinstance(config.model, Options)


def test_stronger_regularisation_makes_surer_of_less() -> None:
    loose, tight = (
        model.make(THREE, Options(inverse_regularisation=c), 1).native(THREE).max(axis=1).mean()
        for c in (10, 0.001)
    )
    assert loose > 0.85 > 0.5 > tight


@pytest.mark.parametrize("options", [{"C": 1}, {"inverse_regularisation": 0}])
def test_options_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Options(**options)

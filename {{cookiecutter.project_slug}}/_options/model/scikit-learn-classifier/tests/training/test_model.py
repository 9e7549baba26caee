"""Whatever scikit-learn fits becomes a graph with one input, one output, and equal answers."""

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from package.training import model, parity
from package.training.data import Dataset

WIDTH = 3


def make_dataset(labels: list[object], rows: int = 90) -> Dataset:
    """Return rows whose first column tells the label, give or take."""
    random = np.random.default_rng(3)
    index = np.arange(rows) % len(labels)
    X = random.normal(size=(rows, WIDTH))
    X[:, 0] += 3 * index
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(WIDTH)])
    return Dataset(frame, pd.Series([labels[i] for i in index]))


THREE = make_dataset(["b", "c", "a"])


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(["b", "c", "a"], id="three"),
        pytest.param(["yes", "no"], id="two"),
        pytest.param([2, 10, 1], id="numbers"),
        pytest.param([True, False], id="truths"),
    ],
)
def test_the_graph_answers_as_the_model(labels: list[object]) -> None:
    dataset = make_dataset(labels)

    fitted = model.fit(dataset, seed=1)

    answers = parity.run_graph(model.export(fitted, WIDTH), dataset.matrix())
    native = model.predict(fitted, dataset.matrix())
    assert native.shape == (len(dataset), len(labels))
    assert native.dtype == answers.dtype == np.float32
    assert parity.compare(native, answers, tolerance=1e-5) <= 1e-5


def test_labels_stand_in_the_order_of_the_outputs() -> None:
    fitted = model.fit(THREE, seed=1)
    labels = model.labels(fitted)
    guess = model.predict(fitted, THREE.matrix()).argmax(axis=1)
    assert labels == ("a", "b", "c")
    right = [labels[i] == truth for i, truth in zip(guess, THREE.target, strict=True)]
    assert np.mean(right) > 0.8


@pytest.mark.parametrize(
    "pipeline",
    [
        pytest.param(model.build(1), id="the project's own"),
        pytest.param(make_pipeline(LogisticRegression()), id="without a scaler"),
        pytest.param(
            make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1)), id="forest"
        ),
    ],
)
def test_another_model_behind_the_seam_is_exported_alike(pipeline: Pipeline) -> None:
    fitted = pipeline.fit(THREE.matrix(), THREE.target.to_numpy())

    graph = onnx.load_from_string(model.export(fitted, WIDTH)).graph

    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["probabilities"]
    answers = parity.run_graph(model.export(fitted, WIDTH), THREE.matrix())
    parity.compare(model.predict(fitted, THREE.matrix()), answers, tolerance=1e-5)


def test_one_seed_gives_one_graph() -> None:
    first, second = (model.export(model.fit(THREE, seed=1), WIDTH) for _ in range(2))
    assert first == second


def test_the_seed_reaches_the_model() -> None:
    assert 77 in model.build(77).get_params().values()

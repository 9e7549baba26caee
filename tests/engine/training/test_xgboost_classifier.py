"""An XGBoost classifier becomes a graph that answers as the model does."""

from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL
from modelserve.errors import TrainingError
from modelserve.training import parity
from modelserve.training.config import Config
from modelserve.training.table.table import Table
from pydantic import ValidationError

FAMILIES = ("iris_xgboost",)
OPTIONS: dict[str, Any] = {"n_estimators": 60, "early_stopping_rounds": 5}


def make_dataset(labels: list[Any], rows: int = 120) -> Table:
    """Return rows whose first column determines the label, with noise."""
    random = np.random.default_rng(3)
    index = np.arange(rows) % len(labels)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["x0", "x1", "x2"])
    frame["x0"] += 3 * index
    return Table(frame, pd.Series([labels[i] for i in index]))


THREE = make_dataset(["b", "c", "a"])


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        pytest.param(["b", "c", "a"], ("a", "b", "c"), id="three"),
        pytest.param(["yes", "no"], ("no", "yes"), id="two"),
        pytest.param([2, 10, 1], ("1", "2", "10"), id="numbers"),
        pytest.param([5, 7], ("5", "7"), id="two numbers"),
        pytest.param([True, False], ("False", "True"), id="truths"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "nullable"])
def test_the_graph_answers_as_the_model(
    model: ModuleType, labels: list[Any], ordered: tuple[str, ...], kind: str
) -> None:
    dataset = make_dataset(labels)
    if kind == "nullable":
        dataset = Table(dataset.rows, dataset.target.convert_dtypes())

    exported = model.train(dataset, model.Options(**OPTIONS), 1)

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

    exported = model.train(dataset, model.Options(**OPTIONS), 1)

    answers = parity.run_graph(exported.files, dataset)
    parity.compare(exported.native(dataset), answers, tolerance=1e-5)
    guess = np.array(exported.labels)[answers.argmax(axis=1)]
    assert (guess == THREE.target).all()


def test_the_graph_has_one_input_and_one_output(model: ModuleType) -> None:
    graph = onnx.load_from_string(
        model.train(THREE, model.Options(**OPTIONS), 1).files[MODEL]
    ).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["probabilities"]


def test_one_seed_gives_one_graph_and_another_another(model: ModuleType) -> None:
    first, second, third = (
        model.train(THREE, model.Options(**OPTIONS), seed).files[MODEL] for seed in (1, 1, 2)
    )
    assert first == second != third


def test_the_validation_rows_keep_the_labels_shares(model: ModuleType) -> None:
    # With one row of 20 to a label, chance would often pick all of them, or none.
    dataset = make_dataset(["a"] * 9 + ["b"], rows=100)
    for seed in range(5):
        model.train(dataset, model.Options(n_estimators=3, validation_fraction=0.5), seed)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(["a"] * 119 + ["b"], id="a label on one row"),
        pytest.param(
            [f"label {i // 2}" for i in range(120)], id="more labels than validation rows"
        ),
    ],
)
def test_too_few_rows_of_a_label_are_reported(model: ModuleType, target: list[str]) -> None:
    dataset = Table(THREE.rows, pd.Series(target))
    with pytest.raises(TrainingError, match="too few rows for early stopping: "):
        model.train(dataset, model.Options(**OPTIONS), 1)


def test_the_seed_and_the_options_reach_the_model(model: ModuleType, config: Config) -> None:
    given = model.Options(n_estimators=7, learning_rate=0.25, max_depth=2, early_stopping_rounds=4)
    parameters = model.build(given, 77).get_params()
    assert parameters["n_estimators"] == 7
    assert parameters["learning_rate"] == 0.25
    assert parameters["max_depth"] == 2
    assert parameters["early_stopping_rounds"] == 4
    assert parameters["random_state"] == 77
    assert isinstance(config.model, model.Options)


def test_an_unknown_option_is_rejected(model: ModuleType) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        model.Options(depth=3)

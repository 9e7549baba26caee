"""An XGBoost regressor becomes a graph that answers as the model does."""

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

FAMILIES = ("diabetes_xgboost",)
OPTIONS: dict[str, Any] = {"n_estimators": 60, "early_stopping_rounds": 5, "learning_rate": 0.3}


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


def test_the_graph_has_one_input_and_one_output(model: ModuleType) -> None:
    graph = onnx.load_from_string(
        model.train(NUMBERS, model.Options(**OPTIONS), 1).files[MODEL]
    ).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["value"]


def test_one_seed_gives_one_graph_and_another_another(model: ModuleType) -> None:
    first, second, third = (
        model.train(NUMBERS, model.Options(**OPTIONS), seed).files[MODEL] for seed in (1, 1, 2)
    )
    assert first == second != third


def test_one_row_is_too_few(model: ModuleType) -> None:
    with pytest.raises(TrainingError, match="too few rows for early stopping: "):
        model.train(NUMBERS.take(np.arange(1)), model.Options(**OPTIONS), 1)


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

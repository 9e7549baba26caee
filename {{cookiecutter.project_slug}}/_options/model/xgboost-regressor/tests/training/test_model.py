"""An XGBoost regressor becomes a graph that answers as the model does."""

import numpy as np
import onnx
import pandas as pd
import pytest
from pydantic import ValidationError

from package.artifact import MODEL
from package.errors import TrainingError
from package.training import model, parity
from package.training.config import Config
from package.training.data import Dataset
from package.training.model import Options

OPTIONS = Options(rounds=60, patience=5, learning_rate=0.3)


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


def test_the_graph_has_one_input_and_one_output() -> None:
    graph = onnx.load_from_string(model.make(NUMBERS, OPTIONS, 1).files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == ["value"]


def test_one_seed_gives_one_graph_and_another_another() -> None:
    first, second, third = (model.make(NUMBERS, OPTIONS, seed).files[MODEL] for seed in (1, 1, 2))
    assert first == second != third


def test_one_row_is_too_few() -> None:
    with pytest.raises(TrainingError, match="too few rows for early stopping: "):
        model.make(NUMBERS.take(np.arange(1)), OPTIONS, 1)


def test_the_seed_and_the_options_reach_the_model(config: Config) -> None:
    given = Options(rounds=7, learning_rate=0.25, depth=2, patience=4)
    parameters = model.build(given, 77).get_params()
    assert parameters["n_estimators"] == 7
    assert parameters["learning_rate"] == 0.25
    assert parameters["max_depth"] == 2
    assert parameters["early_stopping_rounds"] == 4
    assert parameters["random_state"] == 77
    assert isinstance(config.model, Options)


def test_an_option_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Options(max_depth=3)

"""A hook of training that is declared in another way is named, with its way out."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Options, Project, Table
from modelserve.errors import ConfigurationError, TrainingError
from modelserve.training.config import load_config
from modelserve.training.sections import DataSection
from modelserve.training.table.boosting import BoostingOptions, train_boosting
from modelserve.training.table.pipeline import fit_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.engine.families import Family

FRAME = pd.DataFrame({"size": np.arange(20) / 7, "kind": ["a", "b"] * 10})
TABLE = Table.from_frame(FRAME, target="kind")
SECTION = DataSection(path="data.csv", target="kind")  # type: ignore[arg-type]


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Project]:
    """Return a way to projects whose every module has some names."""

    def make(**names: Any) -> Project:
        made = Project("nowhere")
        monkeypatch.setattr(made, "_import", lambda _: SimpleNamespace(**names))
        return made

    return make


async def wait(*_: Any) -> None:
    """Return a coroutine, as no hook may."""


@pytest.mark.parametrize(
    ("load", "said"),
    [
        pytest.param(lambda _: FRAME, "returned a DataFrame; return a Table: ", id="frame"),
        pytest.param(lambda _: None, "returned None; return a Table: Table.from_frame", id="none"),
        pytest.param(wait, "is a coroutine; write `def`", id="coroutine"),
        pytest.param(lambda: TABLE, r"must be a function that takes \(section\)", id="no-argument"),
        pytest.param(TABLE, r"must be a function that takes \(section\)", id="no-function"),
    ],
)
def test_data_of_another_kind_are_refused(project: Any, load: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^`load` in data.py {said}"):
        project(load=load).load(SECTION)


@pytest.mark.parametrize(
    ("train", "said"),
    [
        pytest.param(lambda *_: None, "returned None; return an ExportedModel: ", id="none"),
        pytest.param(
            lambda *_: make_pipeline(StandardScaler()), "returned a Pipeline; return", id="pipeline"
        ),
        pytest.param(
            lambda table, options: None,
            r"must be a function that takes \(table, options, seed\): too many",
            id="two-arguments",
        ),
    ],
)
def test_a_model_of_another_kind_is_refused(project: Any, train: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^`train` in model.py {said}"):
        project(train=train).train(TABLE, Options(), 1)


def test_an_error_of_a_hooks_own_code_passes_through(project: Any) -> None:
    def load(section: DataSection) -> Table:
        raise TypeError(f"no path but {section.path}")

    with pytest.raises(TypeError, match=r"no path but data\.csv"):
        project(load=load).load(SECTION)


@pytest.mark.parametrize("steps", [None, ["scaled"], [StandardScaler()], [("scaled",)], wait()])
def test_transformers_of_another_kind_are_refused(steps: Any) -> None:
    if hasattr(steps, "close"):
        steps.close()
    said = "^`transformers` in features.py returned .*; return a list of pairs"
    with pytest.raises(TrainingError, match=said):
        fit_pipeline(TABLE, steps, LogisticRegression())
    with pytest.raises(TrainingError, match=said):
        train_boosting(TABLE, steps, LogisticRegression(), BoostingOptions(), 1)


@pytest.mark.parametrize("options", [dict, None, SimpleNamespace], ids=str)
def test_options_of_another_kind_are_refused(family: Family, options: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"must be a subclass of modelserve\.Options"):
        load_config(family.root / "config" / "training.toml", options)


def test_settings_of_another_kind_are_refused(project: Any) -> None:
    service = type("Service", (), {"settings_class": dict})
    with pytest.raises(ConfigurationError, match=r"`settings_class` .* subclass of modelserve"):
        project(Service=service).load_settings()

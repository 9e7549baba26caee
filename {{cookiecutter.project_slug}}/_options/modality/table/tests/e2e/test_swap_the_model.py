"""What docs/swap-the-model.md says, done on a copy of the project just as it says it."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from package.training import data, evaluate
from package.training.config import Config, load_config

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

IS_CLASSIFIER = evaluate.TASK == "classifier"


@pytest.fixture
def own(workshop: Any) -> Config:
    """Return the copy's own configuration."""
    return load_config(workshop.folder / "config" / "training.toml")


def test_a_csv_file_of_ones_own_needs_no_code(workshop: Any, own: Config) -> None:
    table = pd.read_csv(own.data.path)
    renamed = {name: f"column of {name}" for name in table.columns}
    table.rename(columns=renamed).to_csv(workshop.folder / "data" / "yours.csv", index=False)
    lines = workshop.code("Your table", "toml").splitlines()
    given = dict(line.replace('"', "").split(" = ") for line in lines if " = " in line)
    workshop.configure(given | {"target": renamed[own.data.target]})

    workshop.run("train")

    names = [each["name"] for each in workshop.manifest["features"]]
    assert names == [renamed[name] for name in table.columns if name != own.data.target]
    assert workshop.manifest["data"]["source"] == Path(given["path"]).name
    assert len(workshop.answers()) > 0


def test_another_load_brings_another_schema(workshop: Any) -> None:
    workshop.configure({"target": "target" if IS_CLASSIFIER else "alcohol"})
    workshop.follow("Your table")

    workshop.run("train")

    names = {each["name"] for each in workshop.manifest["features"]}
    assert {"malic_acid", "hue", "proline"} <= names
    assert workshop.manifest["labels"] == (["0", "1", "2"] if IS_CLASSIFIER else [])
    assert len(workshop.answers()) > 0


def test_an_estimator_of_ones_own_is_exported_and_served(workshop: Any) -> None:
    workshop.run("train")
    before = workshop.answers()
    workshop.follow("Your estimator")

    workshop.run("train")

    assert workshop.manifest["libraries"].keys() == {"scikit-learn", "skl2onnx"}
    assert workshop.manifest["parity"] < 1e-3
    assert workshop.answers() != before


def test_an_onnx_file_is_judged_and_served(workshop: Any, own: Config) -> None:
    table = data.load(own.data)
    forest = RandomForestClassifier if IS_CLASSIFIER else RandomForestRegressor
    fitted = forest(20, min_samples_leaf=4, random_state=1)
    X = table.rows.to_numpy(dtype=np.float32)
    fitted.fit(X, table.target.to_numpy())
    graph = to_onnx(fitted, X[:1], target_opset={"": 18, "ai.onnx.ml": 3})
    (workshop.folder / "yours.onnx").write_bytes(graph.SerializeToString())
    _, _, *words = shlex.split(workshop.code("An ONNX file that you have", "console"))

    said = workshop.run(*words, given="\n")

    labels = list(map(str, getattr(fitted, "classes_", [])))
    assert ("The labels, in the order of the graph's outputs" in said) == IS_CLASSIFIER
    assert workshop.manifest["labels"] == labels
    assert workshop.manifest["parity"] is None
    assert workshop.manifest["provenance"]["source"] == "yours.onnx"
    (case,) = pd.DataFrame([workshop.case()])[list(table.rows.columns)].to_numpy(dtype=np.float32)
    ask = fitted.predict_proba if IS_CLASSIFIER else fitted.predict
    expected = np.ravel(ask(case.reshape(1, -1)))
    answer = workshop.answers()[0]
    given = list(answer["probabilities"].values()) if IS_CLASSIFIER else [answer["value"]]
    assert given == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_any_object_answers_behind_the_protocol(workshop: Any) -> None:
    workshop.run("train")
    workshop.follow("Anything else")

    answer = workshop.answers()[0]

    first = next(iter(workshop.case().values())) / 1_000
    last = workshop.manifest["prior"][-1] + first
    given = list(answer["probabilities"].values())[-1] if IS_CLASSIFIER else answer["value"]
    assert given == pytest.approx(last, rel=1e-4)

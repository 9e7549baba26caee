"""Categories, booleans, missing values and many fields are replaced like numbers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.serving.explain.explainer import Explainer
from modelserve.serving.explain.explanation import Explanation, splice
from modelserve.serving.explain.occlusion import MOST_RUNS, check_runs
from modelserve.serving.table_inputs import CATEGORIES, NUMBERS, TableInputs
from modelserve.types import Outputs, Prediction, Tensors

FEATURES = (
    Feature(name="height", dtype="number", minimum=0, maximum=2, example=1, nullable=True),
    Feature(name="town", dtype="category", categories=("Łódź", "Roma"), example="Roma"),
    Feature(name="rooms", dtype="integer", minimum=1, maximum=9, example=4),
    Feature(name="sold", dtype="boolean", minimum=0, maximum=1, example=1),
)
ROW = {"height": 1.5, "town": "Łódź", "rooms": 3, "sold": True}
BACKGROUND = [
    {"height": None, "town": "Roma", "rooms": 5, "sold": False},
    {"height": 0.5, "town": "Łódź", "rooms": 1, "sold": False},
]
WEIGHTS = {"height": 2, "town": 10, "rooms": -1, "sold": 100}


class AdditiveModel:
    """Adds something for each field: for a missing height, for a town, for a number."""

    def run(self, tensors: Tensors) -> Outputs:
        """Return the sum, of shape (rows, 1)."""
        height, rooms, sold = tensors[NUMBERS].T
        of_town = np.where(tensors[CATEGORIES][:, 0] == "Łódź", WEIGHTS["town"], 0)
        of_height = np.where(np.isnan(height), 7, WEIGHTS["height"] * height)
        total = of_height + of_town + WEIGHTS["rooms"] * rooms + WEIGHTS["sold"] * sold
        return total.astype(np.float32)[:, None]


Explain = Callable[[Mapping[str, Any]], Explanation]


@pytest.fixture
def explain(trained: Artifact, tmp_path: Path) -> Explain:
    """Return a way to explain a row of a model with a column of each kind."""
    content = artifact.to_text(BACKGROUND)
    (tmp_path / artifact.BACKGROUND).write_bytes(content)
    manifest = trained.manifest.model_copy(
        update={
            "features": FEATURES,
            "labels": (),
            "files": {artifact.BACKGROUND: artifact.sha256(content)},
        }
    )
    made = replace(trained, folder=tmp_path, manifest=manifest)
    inputs, model = TableInputs(made), AdditiveModel()

    def explain_row(row: Mapping[str, Any]) -> Explanation:
        given = inputs.gather([row])
        prediction = Prediction(model.run(given.tensors), degraded=False)
        (explanation,) = Explainer(model, made, inputs, limit_s=10).explain(given, prediction)
        assert explanation
        return explanation

    return explain_row


def test_each_field_contributes_what_it_adds_to_the_background_rows(explain: Explain) -> None:
    explanation = explain(ROW)
    assert explanation.of == "value"
    assert explanation.base == pytest.approx(((7 - 5) + (1 + 10 - 1)) / 2, abs=1e-6)
    assert dict(explanation.contributions) == pytest.approx(
        {"height": 3 - (7 + 1) / 2, "town": 5, "rooms": -3 + 3, "sold": 100}, abs=1e-5
    )


def test_a_missing_value_contributes_too(explain: Explain) -> None:
    contributions = dict(explain(ROW | {"height": None}).contributions)
    assert contributions["height"] == pytest.approx(7 - (7 + 1) / 2, abs=1e-5)


def test_a_request_may_take_as_many_runs_as_are_allowed() -> None:
    check_runs(MOST_RUNS, 10)
    with pytest.raises(InvalidInputError) as raised:
        check_runs(MOST_RUNS * 2, 10)
    assert "send 5 rows or fewer" in raised.value.errors[0].detail


def test_a_row_that_alone_takes_too_many_runs_cannot_be_explained() -> None:
    with pytest.raises(InvalidInputError) as raised:
        check_runs(MOST_RUNS * 2, 1)
    assert "cannot be explained" in raised.value.errors[0].detail


def test_numbers_are_rounded_to_those_of_a_float32() -> None:
    explanation = Explanation("value", 0.123456789, [("a", -1e-320), ("b", 123456789.0)])
    assert explanation.content() == {
        "of": "value",
        "base": 0.1234568,
        "contributions": {"a": pytest.approx(0, abs=1e-300), "b": 123456800.0},
    }


def test_an_answer_without_a_field_is_given_an_explanation() -> None:
    answers = splice(['{"label":"a"}', "{}"], ["null", '{"of":"a"}'])
    assert answers == ['{"label":"a","explanation":null}', '{"explanation":{"of":"a"}}']

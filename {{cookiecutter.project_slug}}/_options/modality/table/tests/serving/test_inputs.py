"""Rows of a table, from JSON and from CSV to the array that the model takes."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from package import artifact, errors
from package.serving.inputs import Inputs

FEATURES = (
    artifact.Feature(name="height", kind="number", minimum=0.5, maximum=2, example=1.25),
    artifact.Feature(name="rooms", kind="integer", minimum=1, maximum=9, example=4),
    artifact.Feature(name="sold", kind="boolean", minimum=0, maximum=1, example=1),
)
ROW = {"height": 1.5, "rooms": 3, "sold": True}


@pytest.fixture
def inputs(found: artifact.Artifact) -> Inputs:
    """Return a table with a column of each kind."""
    return Inputs(found.manifest.model_copy(update={"features": FEATURES}))


def test_columns_stand_in_the_models_order(inputs: Inputs) -> None:
    (array,) = inputs.arrays([ROW, dict(reversed(ROW.items()))]).values()
    assert array.dtype == np.float32
    assert array.tolist() == [[1.5, 3, 1], [1.5, 3, 1]]


def test_a_table_may_have_one_column(found: artifact.Artifact) -> None:
    inputs = Inputs(found.manifest.model_copy(update={"features": FEATURES[:1]}))
    (array,) = inputs.arrays([{"height": 1.0}, {"height": 2.0}]).values()
    assert array.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"height": 2}, id="integer-for-a-number"),
        pytest.param({"height": -3.4e38}, id="largest-float32"),
        pytest.param({"rooms": 2**24}, id="largest-integer"),
        pytest.param({"sold": False}, id="false"),
        pytest.param({"height": 99, "rooms": -5}, id="outside-of-what-training-saw"),
    ],
)
def test_values_that_the_model_can_take_are_accepted(
    inputs: Inputs, changes: dict[str, Any]
) -> None:
    rows = inputs.parse([ROW | changes])
    assert np.isfinite(next(iter(inputs.arrays(rows).values()))).all()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"height": "1.5"}, "height", id="text-for-a-number"),
        pytest.param({"height": True}, "height", id="boolean-for-a-number"),
        pytest.param({"height": float("nan")}, "height", id="not-a-number"),
        pytest.param({"height": float("inf")}, "height", id="infinite"),
        pytest.param({"height": 1e39}, "height", id="beyond-float32"),
        pytest.param({"height": 10**400}, "height", id="beyond-every-float"),
        pytest.param({"height": None}, "height", id="null"),
        pytest.param({"height": [1.5]}, "height", id="list"),
        pytest.param({"rooms": 1.5}, "rooms", id="number-for-an-integer"),
        pytest.param({"rooms": 2**24 + 1}, "rooms", id="integer-beyond-float32"),
        pytest.param({"sold": 1}, "sold", id="number-for-a-boolean"),
        pytest.param({"sold": "true"}, "sold", id="text-for-a-boolean"),
        pytest.param({"garden": 1}, "garden", id="unknown-column"),
    ],
)
def test_nothing_is_converted_or_guessed(
    inputs: Inputs, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([ROW, ROW | changes])
    assert [each.where for each in caught.value.complaints] == [f"/1/{field}"]
    with pytest.raises(ValidationError):
        TypeAdapter(inputs.row).validate_python(ROW | changes)


def test_spelled_values_are_read_as_csv_has_them(inputs: Inputs) -> None:
    rows = inputs.parse([{"height": "1.5", "rooms": "3", "sold": "true"}], text=True)
    assert rows == [ROW]


def test_wrong_spellings_are_named(inputs: Inputs) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([{"height": "tall", "rooms": "", "sold": "maybe"}], text=True)
    assert [each.where for each in caught.value.complaints] == ["/0/height", "/0/rooms", "/0/sold"]


def test_the_example_has_each_columns_kind(inputs: Inputs) -> None:
    assert inputs.example() == {"height": 1.25, "rooms": 4, "sold": True}
    assert [type(value) for value in inputs.example().values()] == [float, int, bool]
    assert inputs.parse([inputs.example()]) == [inputs.example()]


def test_the_form_shows_each_columns_range(inputs: Inputs) -> None:
    assert inputs.form()[1] == {
        "name": "rooms",
        "kind": "integer",
        "minimum": 1,
        "maximum": 9,
        "example": 4,
    }


def test_the_schema_tells_what_training_saw(inputs: Inputs) -> None:
    properties = TypeAdapter(inputs.row).json_schema()["properties"]
    assert properties["height"]["type"] == "number"
    assert properties["height"]["description"] == "Seen in training: 0.5 to 2."
    assert properties["rooms"]["type"] == "integer"
    assert properties["sold"] == {"examples": [True], "title": "Sold", "type": "boolean"}

"""Rows of a table, from JSON and from CSV to the arrays that the model takes."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve import errors
from modelserve.artifact import Artifact
from modelserve.manifest import Feature
from modelserve.serving.table_inputs import CATEGORIES, NUMBERS, TableInputs
from pydantic import TypeAdapter, ValidationError

TOWNS = ("Besançon", "São Paulo", "Łódź")
FEATURES = (
    Feature(name="height", dtype="number", minimum=0.5, maximum=2, example=1.25),
    Feature(name="town", dtype="category", categories=TOWNS, example="Łódź"),
    Feature(name="rooms", dtype="integer", minimum=1, maximum=9, example=4),
    Feature(name="sold", dtype="boolean", minimum=0, maximum=1, example=1),
)
GAPPY = tuple(feature.model_copy(update={"nullable": True}) for feature in FEATURES)
ROW = {"height": 1.5, "town": "São Paulo", "rooms": 3, "sold": True}
NOTHING = dict.fromkeys(ROW)

MakeInputs = Callable[[tuple[Feature, ...]], TableInputs]


@pytest.fixture
def make_inputs(trained: Artifact) -> MakeInputs:
    """Return a way to the inputs of a model with other features."""

    def make(features: tuple[Feature, ...]) -> TableInputs:
        manifest = trained.manifest.model_copy(update={"features": features})
        return TableInputs(replace(trained, manifest=manifest))

    return make


@pytest.fixture
def inputs(make_inputs: MakeInputs) -> TableInputs:
    """Return a table with a column of each kind, none of which may have gaps."""
    return make_inputs(FEATURES)


@pytest.fixture
def gappy(make_inputs: MakeInputs) -> TableInputs:
    """Return a table with a column of each kind, all of which may have gaps."""
    return make_inputs(GAPPY)


def test_numbers_and_categories_stand_apart_each_in_the_models_order(inputs: TableInputs) -> None:
    call = inputs.gather([ROW, dict(reversed(ROW.items())) | {"town": "?"}])

    assert list(call.tensors) == [NUMBERS, CATEGORIES]
    assert call.tensors[NUMBERS].dtype == np.float32
    assert call.tensors[NUMBERS].tolist() == [[1.5, 3, 1], [1.5, 3, 1]]
    assert call.tensors[CATEGORIES].dtype == object
    assert call.tensors[CATEGORIES].tolist() == [["São Paulo"], ["?"]]
    assert (call.rows, call.warnings) == (2, ())


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        pytest.param(FEATURES[:1], {NUMBERS: [[1.5]]}, id="one number"),
        pytest.param(FEATURES[1:2], {CATEGORIES: [["São Paulo"]]}, id="one category"),
        pytest.param(GAPPY[:1], {NUMBERS: [[1.5]]}, id="one number with gaps"),
        pytest.param(FEATURES[2:], {NUMBERS: [[3, 1]]}, id="no category"),
    ],
)
def test_there_is_no_array_without_a_column(
    make_inputs: MakeInputs, features: tuple[Feature, ...], expected: dict[str, Any]
) -> None:
    inputs = make_inputs(features)
    feeds = inputs.gather([{each.name: ROW[each.name] for each in features}]).tensors
    assert {name: array.tolist() for name, array in feeds.items()} == expected
    assert [tensor.name for tensor in inputs.tensors] == list(expected)


@pytest.mark.parametrize("row", [{}, NOTHING], ids=["left out", "null"])
def test_what_is_missing_is_no_number_and_an_empty_text(
    gappy: TableInputs, row: dict[str, Any]
) -> None:
    (parsed,) = gappy.parse([row])
    feeds = gappy.gather([parsed, ROW]).tensors
    assert feeds[NUMBERS].tolist() == [pytest.approx([np.nan] * 3, nan_ok=True), [1.5, 3, 1]]
    assert feeds[CATEGORIES].tolist() == [[""], ["São Paulo"]]


def test_zero_and_false_are_not_missing(gappy: TableInputs) -> None:
    feeds = gappy.gather([{"height": 0.0, "rooms": 0, "sold": False}]).tensors
    assert feeds[NUMBERS].tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("name", ROW)
def test_a_column_without_gaps_must_be_given(inputs: TableInputs, name: str) -> None:
    rows = [{each: value for each, value in ROW.items() if each != name}, ROW | {name: None}]
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse(rows)
    assert [each.pointer for each in caught.value.errors] == [f"/0/{name}", f"/1/{name}"]
    assert caught.value.errors[0].detail == "this field is missing"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"height": 2}, id="integer-for-a-number"),
        pytest.param({"height": -3.4e38}, id="largest-float32"),
        pytest.param({"rooms": 2**24}, id="largest-integer"),
        pytest.param({"sold": False}, id="false"),
        pytest.param({"height": 99, "rooms": -5}, id="outside-of-what-training-saw"),
        pytest.param({"town": "Atlantis"}, id="unseen-category"),
        pytest.param({"town": "x" * 200}, id="longest-category"),
    ],
)
def test_values_that_the_model_can_take_are_accepted(
    inputs: TableInputs, changes: dict[str, Any]
) -> None:
    rows = inputs.parse([ROW | changes])
    assert rows == [ROW | changes]
    assert np.isfinite(inputs.gather(rows).tensors[NUMBERS]).all()


@pytest.mark.parametrize("features", [FEATURES, GAPPY], ids=["no gaps", "nullable"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"height": "1.5"}, "height", id="text-for-a-number"),
        pytest.param({"height": True}, "height", id="boolean-for-a-number"),
        pytest.param({"height": float("inf")}, "height", id="infinite"),
        pytest.param({"height": 1e39}, "height", id="beyond-float32"),
        pytest.param({"height": 10**400}, "height", id="beyond-every-float"),
        pytest.param({"height": [1.5]}, "height", id="list"),
        pytest.param({"rooms": 1.5}, "rooms", id="number-for-an-integer"),
        pytest.param({"rooms": 2**24 + 1}, "rooms", id="integer-beyond-float32"),
        pytest.param({"sold": 2}, "sold", id="number-for-a-boolean"),
        pytest.param({"sold": 0.5}, "sold", id="fraction-for-a-boolean"),
        pytest.param({"rooms": "3"}, "rooms", id="text-for-an-integer"),
        pytest.param({"rooms": True}, "rooms", id="boolean-for-an-integer"),
        pytest.param({"sold": "true"}, "sold", id="text-for-a-boolean"),
        pytest.param({"town": 75}, "town", id="number-for-a-category"),
        pytest.param({"town": "x" * 201}, "town", id="endless-category"),
        pytest.param({"garden": 1}, "garden", id="unknown-column"),
    ],
)
def test_nothing_is_converted_or_guessed(
    make_inputs: MakeInputs, features: tuple[Feature, ...], changes: dict[str, Any], field: str
) -> None:
    inputs = make_inputs(features)
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([ROW, ROW | changes])
    assert [each.pointer for each in caught.value.errors] == [f"/1/{field}"]
    with pytest.raises(ValidationError):
        TypeAdapter(inputs.row).validate_python(ROW | changes)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        pytest.param({"height": 1e39}, "less than or equal to 3.4 \u00d7 10³⁸", id="float"),
        pytest.param({"height": -1e39}, "greater than or equal to -3.4 \u00d7 10³⁸", id="negative"),
        pytest.param({"rooms": 2**24 + 1}, "less than or equal to 16777216", id="integer"),
    ],
)
def test_a_bound_is_written_for_a_person(
    make_inputs: MakeInputs, changes: dict[str, Any], detail: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        make_inputs(FEATURES).parse([ROW | changes])
    assert [each.detail for each in caught.value.errors] == [f"Input should be {detail}"]


FRAME = b"""[{"height": 2, "town": "Besan\\u00e7on", "rooms": 3.0, "sold": 1},
{"height": 1.5, "town": "?", "rooms": -0.0, "sold": 0.0}]"""


@pytest.mark.parametrize("features", [FEATURES, GAPPY], ids=["no gaps", "nullable"])
def test_values_are_read_as_data_frames_write_them(
    make_inputs: MakeInputs, features: tuple[Feature, ...]
) -> None:
    rows = TypeAdapter(list[make_inputs(features).row]).validate_json(FRAME)  # type: ignore[misc]
    assert rows == [
        {"height": 2.0, "town": "Besançon", "rooms": 3, "sold": True},
        {"height": 1.5, "town": "?", "rooms": 0, "sold": False},
    ]
    kinds = [[type(value) for value in row.values()] for row in rows]
    assert kinds == [[float, str, int, bool]] * 2


@pytest.mark.parametrize("features", [FEATURES, GAPPY], ids=["no gaps", "nullable"])
@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        pytest.param("rooms", 59.5, "valid integer, got a number with a fractional", id="fraction"),
        pytest.param("rooms", float("inf"), "a finite number", id="infinite-integer"),
        pytest.param("height", float("-inf"), "a finite number", id="infinite-number"),
        pytest.param("rooms", "59", "a valid integer", id="text"),
        pytest.param("sold", 2.0, "true or false, or 1 or 0", id="boolean"),
    ],
)
def test_an_invalid_number_is_named_with_its_reason(
    make_inputs: MakeInputs, features: tuple[Feature, ...], name: str, value: Any, detail: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        make_inputs(features).parse([ROW | {name: value}])
    ((pointer, reason),) = caught.value.errors
    assert pointer == f"/0/{name}"
    assert detail in reason


@pytest.mark.parametrize("name", ROW)
def test_nan_is_a_missing_value_where_there_may_be_one(gappy: TableInputs, name: str) -> None:
    body = json.dumps([ROW | {name: float("nan")}])
    (row,) = TypeAdapter(list[gappy.row]).validate_json(body)  # type: ignore[name-defined]
    assert row == ROW | {name: None}
    assert gappy.parse([ROW | {name: float("nan")}]) == [row]


@pytest.mark.parametrize("name", ["height", "rooms"])
def test_nan_is_no_finite_number_where_a_value_must_be_given(
    inputs: TableInputs, name: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([ROW | {name: float("nan")}])
    assert caught.value.errors == ((f"/0/{name}", "Input should be a finite number"),)


@pytest.mark.parametrize("name", ROW)
def test_null_is_named_where_a_value_must_be_given(inputs: TableInputs, name: str) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([ROW | {name: None}])
    detail = "null is not allowed: this field may not be missing"
    assert caught.value.errors == ((f"/0/{name}", detail),)


@pytest.mark.parametrize(
    ("town", "detail"),
    [
        pytest.param("", "this text may not be empty", id="empty"),
        pytest.param(
            "NA",
            "this text stands for a missing value, and this field may not be missing",
            id="word",
        ),
    ],
)
def test_a_text_for_a_missing_category_is_named_where_a_value_must_be_given(
    inputs: TableInputs, gappy: TableInputs, town: str, detail: str
) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([ROW | {"town": town}])
    assert caught.value.errors == (("/0/town", detail),)
    assert gappy.parse([ROW | {"town": town}]) == [ROW | {"town": None}]


def test_spelled_nan_is_missing_in_a_number_and_a_word_in_a_category(gappy: TableInputs) -> None:
    spelled = {"height": " nan", "town": " NaN", "rooms": "NAN", "sold": "1.0"}
    assert gappy.parse([spelled], text=True) == [
        {"height": None, "town": " NaN", "rooms": None, "sold": True}
    ]


@pytest.mark.parametrize("text", [False, True], ids=["values", "spelled"])
def test_unknown_fields_are_ignored_where_the_operator_says_so(
    trained: Artifact, text: bool
) -> None:
    manifest = trained.manifest.model_copy(update={"features": FEATURES[1:2]})
    inputs = TableInputs(replace(trained, manifest=manifest), extra_fields="ignore")
    row = {"town": "Łódź", "": "0", "customer": "7"}
    assert inputs.parse([row], text=text) == [{"town": "Łódź"}]
    assert TypeAdapter(inputs.row).json_schema().get("additionalProperties", True) is True


def test_a_category_may_be_as_long_as_training_saw_one(make_inputs: MakeInputs) -> None:
    known = Feature(name="town", dtype="category", categories=("x" * 300,), example="x" * 300)
    inputs = make_inputs((known,))
    assert inputs.parse([inputs.example()]) == [{"town": "x" * 300}]
    with pytest.raises(errors.InvalidInputError):
        inputs.parse([{"town": "x" * 301}])


def test_spelled_values_are_read_as_csv_has_them(inputs: TableInputs) -> None:
    spelled = {"height": "1.5", "town": "São Paulo", "rooms": "3", "sold": "true"}
    assert inputs.parse([spelled, spelled | {"rooms": "3.0"}], text=True) == [ROW, ROW]


def test_wrong_spellings_are_named(inputs: TableInputs) -> None:
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([{"height": "tall", "town": "", "rooms": "", "sold": "maybe"}], text=True)
    where = [each.pointer for each in caught.value.errors]
    assert where == ["/0/height", "/0/town", "/0/rooms", "/0/sold"]


def test_an_empty_spelling_is_a_gap_where_there_may_be_one(make_inputs: MakeInputs) -> None:
    inputs = make_inputs((*GAPPY[:2], *FEATURES[2:]))
    empty = dict.fromkeys(ROW, "")
    assert inputs.parse([empty | {"rooms": "3", "sold": "no"}], text=True) == [
        {"rooms": 3, "sold": False}
    ]
    with pytest.raises(errors.InvalidInputError) as caught:
        inputs.parse([empty], text=True)
    detail = "null is not allowed: this field may not be missing"
    assert caught.value.errors == (("/0/rooms", detail), ("/0/sold", detail))


@pytest.mark.parametrize("features", [FEATURES, GAPPY], ids=["no gaps", "nullable"])
def test_the_example_has_each_columns_kind(
    make_inputs: MakeInputs, features: tuple[Feature, ...]
) -> None:
    inputs = make_inputs(features)
    assert inputs.example() == {"height": 1.25, "town": "Łódź", "rooms": 4, "sold": True}
    assert [type(value) for value in inputs.example().values()] == [float, str, int, bool]
    assert inputs.parse([inputs.example()]) == [inputs.example()]


def test_the_form_shows_each_columns_range_or_categories(gappy: TableInputs) -> None:
    _, town, rooms, _ = gappy.form()
    assert rooms == {
        "name": "rooms",
        "dtype": "integer",
        "minimum": 1,
        "maximum": 9,
        "categories": (),
        "nullable": True,
        "example": 4,
        "seen": "1 to 9, or missing",
    }
    assert town["categories"] == TOWNS
    assert town["seen"] == "Besançon, São Paulo, Łódź, or missing"


def test_the_schema_tells_what_training_saw(inputs: TableInputs) -> None:
    schema = TypeAdapter(inputs.row).json_schema()
    properties = schema["properties"]
    assert properties["height"]["type"] == "number"
    assert properties["height"]["description"] == "Seen in training: 0.5 to 2."
    assert properties["rooms"]["type"] == "integer"
    assert [each["type"] for each in properties["sold"]["anyOf"]] == ["boolean", "integer"]
    assert properties["sold"]["examples"] == [True]
    assert properties["town"]["type"] == "string"
    assert properties["town"]["description"] == "Seen in training: Besançon, São Paulo, Łódź."
    assert schema["required"] == list(ROW)


def test_the_schema_tells_what_may_be_missing(gappy: TableInputs) -> None:
    schema = TypeAdapter(gappy.row).json_schema()
    kinds = {
        name: [each["type"] for each in field["anyOf"]]
        for name, field in schema["properties"].items()
    }
    assert kinds == {
        "height": ["number", "null"],
        "town": ["string", "null"],
        "rooms": ["integer", "null"],
        "sold": ["boolean", "integer", "null"],
    }
    assert "required" not in schema

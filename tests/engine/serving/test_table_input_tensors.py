"""Tensors of a table's values, as the Open Inference Protocol brings them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.serving.table_inputs import CATEGORIES, NUMBERS, TableInputs
from modelserve.types import Tensor

KINDS = ("number", "category", "integer", "boolean", "category")
WIDTHS = {NUMBERS: 3, CATEGORIES: 2}

MakeInputs = Callable[..., TableInputs]


@pytest.fixture
def make_inputs(trained: Artifact) -> MakeInputs:
    """Return a way to a table with columns that are named by their numbers."""

    def make(*kinds: str, nullable: tuple[int, ...] = ()) -> TableInputs:
        features = tuple(
            Feature(
                name=f"c{i}", dtype=kind, minimum=0, maximum=1, nullable=i in nullable, example="0"
            )
            for i, kind in enumerate(kinds)
        )
        manifest = trained.manifest.model_copy(update={"features": features})
        return TableInputs(replace(trained, manifest=manifest))

    return make


def feeds(numbers: list[list[float]], texts: list[list[str]]) -> dict[str, Any]:
    """Return the tensors of a request that was read."""
    return {NUMBERS: np.array(numbers, np.float32), CATEGORIES: np.array(texts, object)}


def field_errors(inputs: TableInputs, tensors: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with tensors."""
    with pytest.raises(InvalidInputError) as caught:
        inputs.gather_tensors(tensors)
    return [tuple(each) for each in caught.value.errors]


@pytest.mark.parametrize(
    ("kinds", "nullable", "expected"),
    [
        pytest.param(
            ("integer", "boolean"), (), [Tensor(NUMBERS, "FP32", (-1, 2))], id="only numbers"
        ),
        pytest.param(
            ("category",),
            (0,),
            [Tensor(CATEGORIES, "BYTES", (-1, 1), nullable=True)],
            id="a category",
        ),
        pytest.param(
            KINDS,
            (1,),
            [Tensor(NUMBERS, "FP32", (-1, 3)), Tensor(CATEGORIES, "BYTES", (-1, 2), nullable=True)],
            id="both, one nullable",
        ),
    ],
)
def test_there_is_a_tensor_for_each_kind_of_value(
    make_inputs: MakeInputs,
    kinds: tuple[str, ...],
    nullable: tuple[int, ...],
    expected: list[Tensor],
) -> None:
    assert list(make_inputs(*kinds, nullable=nullable).tensors) == expected


def test_tensors_that_fit_are_passed_on_as_they_are(make_inputs: MakeInputs) -> None:
    given = feeds([[0.5, -3, 1], [7, 2, 0]], [["a", "b"], ["?", "c"]])
    call = make_inputs(*KINDS).gather_tensors(given)
    assert call.tensors is given
    assert call.rows == 2


def test_every_value_that_its_column_does_not_allow_is_named(make_inputs: MakeInputs) -> None:
    given = feeds([[np.nan, 2.5, 0.5], [1, np.nan, 2]], [["", "b"], ["a", ""]])
    assert field_errors(make_inputs(*KINDS), given) == [
        ("features/0", "c0 may not be missing"),
        ("features/4", "c2 may not be missing"),
        ("features/1", "c2 should be a whole number"),
        ("features/2", "c3 should be 0 or 1"),
        ("features/5", "c3 should be 0 or 1"),
        ("categories/0", "c1 may not be missing"),
        ("categories/3", "c4 may not be missing"),
    ]


@pytest.mark.parametrize("value", [2.0**24 + 2, -(2.0**24) - 2, 1e10])
def test_a_whole_number_that_float32_would_round_is_named(
    make_inputs: MakeInputs, value: float
) -> None:
    inputs = make_inputs("integer", "number", nullable=(0,))
    given = {NUMBERS: np.array([[2.0**24, value], [value, 1], [np.nan, 1]], dtype=np.float32)}
    assert field_errors(inputs, given) == [("features/2", "c0 should be within ±16777216")]


def test_gaps_are_allowed_where_training_saw_them(make_inputs: MakeInputs) -> None:
    nothing = feeds([[np.nan] * 3], [["", ""]])
    assert make_inputs(*KINDS, nullable=(0, 1, 2, 3, 4)).gather_tensors(nothing).rows == 1
    # One column's gaps are not its neighbour's.
    assert field_errors(make_inputs(*KINDS, nullable=(0, 2, 4)), nothing) == [
        ("features/2", "c3 may not be missing"),
        ("categories/0", "c1 may not be missing"),
    ]


@pytest.mark.parametrize("name", [NUMBERS, CATEGORIES])
def test_a_table_may_have_values_of_one_kind_only(make_inputs: MakeInputs, name: str) -> None:
    kind = "number" if name == NUMBERS else "category"
    inputs = make_inputs(kind)
    given = feeds([[1.0], [2.0]], [["a"], ["b"]])[name]
    assert inputs.gather_tensors({name: given}).rows == 2


def test_rows_and_tensors_of_the_same_values_are_the_same(make_inputs: MakeInputs) -> None:
    inputs = make_inputs(*KINDS, nullable=(0, 1))
    rows = [
        {"c0": None, "c1": "é", "c2": 3, "c3": True, "c4": "z"},
        {"c2": 1, "c3": False, "c4": "y"},
    ]

    gathered = inputs.gather(rows).tensors

    given = feeds([[np.nan, 3, 1], [np.nan, 1, 0]], [["é", "z"], ["", "y"]])
    passed = inputs.gather_tensors(given).tensors
    assert {name: array.shape[1] for name, array in gathered.items()} == WIDTHS
    assert np.array_equal(gathered[NUMBERS], passed[NUMBERS], equal_nan=True)
    assert gathered[CATEGORIES].tolist() == passed[CATEGORIES].tolist()

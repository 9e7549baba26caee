"""Tensors of a request become arrays of the model's datatype, in linear time."""

import json
from typing import Any

import numpy as np
import pytest
from modelserve.serving.oip.tensors import check_header, read
from modelserve.types import Tensor

HUGE = 10**400
NUMBERS = Tensor("x", "FP32", (-1,))


def describe(datatype: str, data: list[Any], *shape: int, **more: Any) -> dict[str, Any]:
    """Return a tensor of a request."""
    return {"datatype": datatype, "shape": list(shape) or [len(data)], "data": data} | more


@pytest.mark.parametrize(
    ("datatype", "data", "filled"),
    [
        pytest.param("FP32", [1, None, 2.5], [1, np.nan, 2.5], id="number"),
        pytest.param("FP64", [None, 1, 2], [np.nan, 1, 2], id="long number"),
        pytest.param("BYTES", ["a", None, ""], ["a", "", ""], id="text"),
    ],
)
def test_null_stands_for_what_is_missing_where_that_may_be(
    datatype: str, data: list[Any], filled: list[Any]
) -> None:
    given = describe(datatype, data)
    array, field_errors = read(Tensor("x", datatype, (-1,), nullable=True), given, "/x")
    assert field_errors == []
    np.testing.assert_array_equal(array, filled)
    _, field_errors = read(Tensor("x", datatype, (-1,)), given, "/x")
    assert [each.pointer for each in field_errors] == [f"/x/data/{data.index(None)}"]


def test_a_number_beyond_its_reach_is_named_among_gaps() -> None:
    given = describe("FP32", [None, 1e39, HUGE])
    _, field_errors = read(Tensor("x", "FP32", (-1,), nullable=True), given, "/x")
    assert [each.pointer for each in field_errors] == ["/x/data/1", "/x/data/2"]


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        *(pytest.param(f"FP{n}", [0.5, 2.0], id=f"fp{n}") for n in (16, 32, 64)),
        *(pytest.param(f"INT{n}", [-3, 100], id=f"int{n}") for n in (8, 16, 32, 64)),
        *(pytest.param(f"UINT{n}", [0, 100], id=f"uint{n}") for n in (8, 16, 32, 64)),
    ],
)
def test_numbers_of_every_datatype_are_numbers_of_the_models(
    datatype: str, data: list[Any]
) -> None:
    given = describe(datatype, data)
    assert check_header(NUMBERS, given, "/x") == []
    array, field_errors = read(NUMBERS, given, "/x")
    assert (array.dtype, array.tolist(), field_errors) == (np.float32, data, [])


@pytest.mark.parametrize("boolean", [True, False])
def test_booleans_are_numbers_only_where_every_number_is_one(boolean: bool) -> None:
    given = describe("BOOL", [True, False])
    wrong = check_header(NUMBERS, given, "/x", boolean=boolean)
    assert [each.pointer for each in wrong] == ([] if boolean else ["/x/datatype"])
    assert read(NUMBERS, given, "/x")[0].tolist() == [1, 0]


def test_a_double_is_rounded_as_a_number_of_json_is() -> None:
    array, _ = read(NUMBERS, describe("FP64", [0.1]), "/x")
    assert array[0] == np.float32(0.1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param((3, 1), (-1,), id="behind-a-vector"),
        pytest.param((3,), (-1, 1), id="left-out"),
        pytest.param((3, 1, 1), (-1,), id="twice"),
    ],
)
def test_an_axis_of_one_may_stand_behind_or_be_left_out(
    given: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    tensor = Tensor("x", "BYTES", expected)
    asked = describe("BYTES", ["a", "b", "c"], *given)
    assert check_header(tensor, asked, "/x") == []
    array, field_errors = read(tensor, asked, "/x")
    assert (array.shape, field_errors) == ((3, *expected[1:]), [])


@pytest.mark.parametrize("shape", [(1, 3), (3, 2), ()])
def test_another_axis_is_refused(shape: tuple[int, ...]) -> None:
    asked = {"datatype": "BYTES", "shape": list(shape)}
    (wrong,) = check_header(Tensor("x", "BYTES", (-1,)), asked, "/x")
    assert wrong == ("/x/shape", "should be [-1], -1 free")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([[1, 2], [3, 4]], id="nested"),
        pytest.param([1, 2, 3, 4], id="flat"),
    ],
)
def test_data_are_flat_or_nested_as_the_shape_says(data: list[Any]) -> None:
    array, _ = read(Tensor("x", "FP32", (-1, 2)), describe("FP32", data, 2, 2), "/x")
    assert array.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="none"),
        pytest.param([], id="empty"),
        pytest.param([[1, 2, 3], [4]], id="ragged"),
        pytest.param([[1, 2], 3], id="mixed"),
        pytest.param([1, 2, 3], id="too-few"),
        pytest.param([[[1, 2], [3, 4]]], id="too-deep"),
    ],
)
def test_data_of_another_form_are_refused(data: Any) -> None:
    tensor = Tensor("x", "FP32", (-1, 2))
    _, (wrong,) = read(tensor, describe("FP32", data, 2, 2), "/x")
    assert wrong.pointer == "/x/data"
    assert "4 values" in wrong.detail


def test_lists_deeper_than_the_shape_are_not_opened() -> None:
    deep: Any = list(range(1_000))
    for _ in range(100):
        deep = [deep]
    _, (wrong,) = read(NUMBERS, describe("FP32", [deep]), "/x")
    assert wrong == ("/x/data/0", "should be a value of FP32")


def test_of_many_wrong_values_the_first_are_named() -> None:
    _, wrong = read(NUMBERS, describe("FP32", ["a"] * 5_000), "/x")
    assert len(wrong) == 101


def test_texts_of_pandas_with_missing_ones_are_json() -> None:
    tensor = Tensor("x", "BYTES", (-1,), nullable=True)
    data = [json.dumps(text) for text in ("a", None)] + ["plain"]
    asked = describe("BYTES", data, parameters={"content_type": "pd_json"})
    array, field_errors = read(tensor, asked, "/x")
    assert (array.tolist(), field_errors) == (["a", "", "plain"], [])


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        pytest.param("FP64", [1.5, 2.0], id="fraction"),
        pytest.param("UINT64", [2**64 - 1, 0], id="beyond"),
        pytest.param("FP32", [np.nan, 0], id="nan"),
    ],
)
def test_what_an_integer_cannot_hold_is_named(datatype: str, values: list[Any]) -> None:
    kind = {"FP64": np.float64, "UINT64": np.uint64, "FP32": np.float32}[datatype]
    data = memoryview(np.array(values, dtype=kind).tobytes())
    asked = {"datatype": datatype, "shape": [2]}
    _, (wrong,) = read(Tensor("x", "INT64", (-1,)), asked, "/x", data)
    assert wrong == ("/x/data/0", "should be finite and within INT64's reach")

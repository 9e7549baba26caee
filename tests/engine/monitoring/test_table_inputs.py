"""Columns are read out of rows of any spelling, and what cannot be read is left out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Feature
from modelserve.monitoring.table_inputs import CapturedTable

NAN = float("nan")
Read = Callable[..., list[Any]]


@pytest.fixture
def read(trained: Artifact) -> Read:
    """Return a way to the values of one field, of this kind."""

    def observe(
        *given: Any, dtype: Any = "number", nullable: bool = False, **said: Any
    ) -> list[Any]:
        feature = Feature(
            name="x", dtype=dtype, nullable=nullable, **{"minimum": 0, "maximum": 9} | said
        )
        changed = trained.manifest.model_copy(update={"features": (feature,)})
        inputs = CapturedTable(Artifact(trained.folder, changed))
        rows = [{} if value is ... else {"x": value} for value in given]
        return inputs.observe(rows)["x"].tolist()

    return observe


def test_numbers_are_float32_as_the_model_takes_them(read: Read) -> None:
    assert read(1, 2.5, 0.1) == [1, 2.5, float(np.float32(0.1))]


def test_numbers_spelled_as_csv_has_them_are_numbers(read: Read) -> None:
    assert read("1", " 2.5", "1e2") == [1, 2.5, 100]
    assert read("1", 2.5, None, "x") == [1, 2.5]


def test_booleans_are_nought_and_one(read: Read) -> None:
    assert read(True, False, dtype="boolean") == [1, 0]


def test_booleans_spelled_as_csv_has_them_are_nought_and_one(read: Read) -> None:
    assert read("true", "False", "Y", "no", "1", "0", True, dtype="boolean") == [
        1,
        0,
        1,
        0,
        1,
        0,
        1,
    ]
    assert read("1", "", "maybe", dtype="boolean", nullable=True) == pytest.approx(
        [1, NAN], nan_ok=True
    )
    assert read(1, "true") == [1]


def test_what_is_missing_is_missing_where_it_may_be(read: Read) -> None:
    assert read(1, None, ..., nullable=True) == pytest.approx([1, NAN, NAN], nan_ok=True)
    assert read("1", "", nullable=True) == pytest.approx([1, NAN], nan_ok=True)


def test_what_is_missing_where_it_may_not_be_was_redacted(read: Read) -> None:
    assert read(1, None, ...) == [1]
    assert read("1", "") == [1]


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize(
    "value", ["[redacted]", "many", [1], [[1]], {"y": 1}, 10**400, "1" * 5_000 + "x"], ids=str
)
def test_what_is_no_number_is_left_out(read: Read, value: Any, nullable: bool) -> None:
    assert read(1, value, 2, nullable=nullable) == [1, 2]


def test_lists_of_one_length_are_no_table_of_numbers(read: Read) -> None:
    assert read([1, 2], [3, 4]) == []


def test_a_number_beyond_float32_lies_beyond_everything(read: Read) -> None:
    assert read(1e300, -1e300, "1e300") == [np.inf, -np.inf, np.inf]


def test_categories_are_texts(read: Read) -> None:
    assert read("a", "b", "(new)", dtype="category") == ["a", "b", "(new)"]


def test_a_missing_category_is_missing_where_it_may_be(read: Read) -> None:
    assert read("a", None, ..., "", dtype="category", nullable=True) == ["a", "", "", ""]
    assert read("a", None, ..., "", dtype="category") == ["a"]


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("value", ["[redacted]", 1, ["a"], {"y": 1}, True], ids=str)
def test_what_is_no_category_is_left_out(read: Read, value: Any, nullable: bool) -> None:
    assert read("a", value, dtype="category", nullable=nullable) == ["a"]


def test_no_row_is_nothing(read: Read) -> None:
    assert read() == read(dtype="category") == []


def test_the_range_is_as_near_as_the_values(trained: Artifact) -> None:
    feature = Feature(name="x", dtype="number", minimum=4.3, maximum=7.9)
    changed = trained.manifest.model_copy(update={"features": (feature,)})
    inputs = CapturedTable(Artifact(trained.folder, changed))
    (low, high), values = inputs.ranges["x"], inputs.observe([{"x": 4.3}, {"x": 7.9}])["x"]
    # As float32, 7.9 is more than 7.9.
    assert float(values[1]) > 7.9
    assert (low, high) == tuple(values)

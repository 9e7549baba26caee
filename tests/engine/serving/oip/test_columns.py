"""Fields as tensors of their own become columns of the model's tensors."""

from typing import Any

import numpy as np
import pytest
from modelserve.manifest import Feature, Manifest
from modelserve.serving.oip.columns import Columns
from modelserve.types import Tensor

SIGNATURE = (Tensor("features", "FP32", (-1, 2)), Tensor("categories", "BYTES", (-1, 2)))


def describe(feature: Feature, name: str, dtype: str, *, nullable: bool = False) -> Feature:
    """Return another field."""
    return feature.model_copy(update={"name": name, "dtype": dtype, "nullable": nullable})


@pytest.fixture
def columns(trained: Any) -> Columns:
    """Return the columns of a table of numbers and categories."""
    manifest: Manifest = trained.manifest
    first = manifest.features[0]
    features = [
        describe(first, "city", "category"),
        describe(first, "age", "number"),
        describe(first, "plan", "category", nullable=True),
        describe(first, "active", "boolean", nullable=True),
    ]
    return Columns(features, SIGNATURE)


def test_each_field_has_a_tensor_of_its_own(columns: Columns) -> None:
    assert list(columns.tensors.values()) == [
        Tensor("age", "FP32", (-1,)),
        Tensor("active", "FP32", (-1,), nullable=True),
        Tensor("city", "BYTES", (-1,)),
        Tensor("plan", "BYTES", (-1,), nullable=True),
    ]
    assert columns.boolean == {"active"}


def test_columns_are_put_side_by_side_and_missing_ones_filled(columns: Columns) -> None:
    given = {
        "age": np.array([1, 2], dtype=np.float32),
        "city": np.array(["a", "b"], dtype=object),
    }
    assembled = columns.assemble(given, 2)
    np.testing.assert_array_equal(assembled["features"], [[1, np.nan], [2, np.nan]])
    assert assembled["categories"].tolist() == [["a", ""], ["b", ""]]


@pytest.mark.parametrize(
    ("tensor", "index", "expected"),
    [("features", 0, ("age", 0)), ("features", 3, ("active", 1)), ("categories", 5, ("plan", 2))],
)
def test_a_value_of_the_models_tensor_is_found_in_its_column(
    columns: Columns, tensor: str, index: int, expected: tuple[str, int]
) -> None:
    assert columns.locate(tensor, index) == expected


def test_a_table_of_booleans_is_one_of_booleans(trained: Any) -> None:
    first = trained.manifest.features[0]
    features = [describe(first, name, "boolean") for name in "ab"]
    assert "features" in Columns(features, SIGNATURE[:1]).boolean

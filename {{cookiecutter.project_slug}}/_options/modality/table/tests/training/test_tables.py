"""Tables that came from elsewhere than a CSV file, and those that a model has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from package.artifact import Artifact, Feature
from package.errors import InvalidInputError
from package.training import data
from package.training.config import Config

FEATURES = (
    Feature(name="code", kind="category", categories=("1", "2"), example="1"),
    Feature(name="size", kind="number", minimum=0, maximum=1, gaps=True, example=1),
)

Select = Callable[..., data.Dataset]


@pytest.fixture
def select(found: Artifact) -> Select:
    """Return a way to what a model with two features takes of a table."""
    manifest = found.manifest.model_copy(update={"features": FEATURES})

    def run(**columns: Sequence[object]) -> data.Dataset:
        dataset = data.check(pd.DataFrame(columns).convert_dtypes(), "kind")
        return data.select(dataset, replace(found, manifest=manifest))

    return run


@pytest.mark.parametrize(
    ("values", "kind", "gaps"),
    [
        pytest.param(["x", None, "y"], "category", True, id="objects that are texts"),
        pytest.param([1, None, 3], "number", True, id="floats with a gap"),
        pytest.param(
            np.array([1, 2, None], object), "integer", True, id="objects that are numbers"
        ),
        pytest.param(np.array([True, None, False], object), "boolean", True, id="objects: truths"),
        pytest.param(pd.Categorical(["x", "y", "x"]), "category", False, id="categories"),
        pytest.param(np.array([1, 2, 3], np.uint8), "integer", False, id="small integers"),
        pytest.param(pd.array([0.5, None, 1], "Float32"), "number", True, id="nullable floats"),
    ],
)
def test_a_column_of_any_make_has_its_kind(values: object, kind: str, gaps: bool) -> None:
    dataset = data.check(pd.DataFrame({7: values, "kind": ["a", "b", "a"]}), "kind")
    (feature,) = data.describe(dataset)
    assert (feature.name, feature.kind, feature.gaps) == ("7", kind, gaps)
    assert list(dataset.feeds()) == ["categories" if kind == "category" else "features"]
    assert set(data.observations(dataset, None)) == {"7"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param(pd.to_datetime(["2020-01-01", "2021-01-01"]), "holds datetime64", id="dates"),
        pytest.param([[1], [2]], "holds object, not numbers, booleans or text", id="lists"),
        pytest.param([1, "a"], "holds object, not numbers", id="one number, one text"),
    ],
)
def test_what_no_model_takes_is_refused(values: object, told: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        data.check(pd.DataFrame({"column": values, "kind": ["a", "b"]}), "kind")
    ((where, problem),) = caught.value.complaints
    assert where == "column"
    assert problem.startswith(told)


def test_columns_are_put_into_the_models_order_and_others_left_out(select: Select) -> None:
    chosen = select(size=[0.5, None], other=[1, 2], code=[2, 1], kind=["a", "b"])
    assert list(chosen.rows) == ["code", "size"]
    assert chosen.feeds()["categories"].tolist() == [["2"], ["1"]]
    assert chosen.target.tolist() == ["a", "b"]


def test_everything_that_a_model_cannot_take_is_named(select: Select) -> None:
    with pytest.raises(InvalidInputError) as caught:
        select(size=["large", "small"], kind=["a", "b"])
    assert list(caught.value.complaints) == [
        ("code", "no such column"),
        ("size", "holds text, not values of kind number"),
    ]


def test_gaps_where_training_had_none_are_named(select: Select) -> None:
    with pytest.raises(InvalidInputError) as caught:
        select(code=["1", None], size=[None, 1.0], kind=["a", "b"])
    assert list(caught.value.complaints) == [("code", "holds gaps; there were none in training")]


def test_the_manifests_ranges_are_those_of_the_training_rows(
    found: Artifact, config: Config
) -> None:
    rows = data.load(config.data).rows
    numbers = [each for each in found.manifest.features if each.kind != "category"]
    for feature in numbers:
        column = rows[feature.name]
        assert column.min() <= feature.minimum <= feature.example
        assert feature.example <= feature.maximum <= column.max()

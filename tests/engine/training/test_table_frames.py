"""Data frames become tables, and tables are matched with the columns of an artifact."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.training.config import Config
from modelserve.training.table.table import Table
from modelserve.training.text.texts import Texts

FEATURES = (
    Feature(name="code", dtype="category", categories=("1", "2"), example="1"),
    Feature(name="size", dtype="number", minimum=0, maximum=1, nullable=True, example=1),
)

FAMILIES = ("iris", "diabetes")
Select = Callable[..., Table]


@pytest.fixture
def select(trained: Artifact) -> Select:
    """Return a way to what a model with two features takes of a table."""
    manifest = trained.manifest.model_copy(update={"features": FEATURES})

    def run(**columns: Sequence[object]) -> Table:
        dataset = Table.from_frame(pd.DataFrame(columns).convert_dtypes(), target="kind")
        return dataset.select(replace(trained, manifest=manifest))

    return run


@pytest.mark.parametrize(
    ("values", "dtype", "nullable"),
    [
        pytest.param(["x", None, "y"], "category", True, id="objects that are texts"),
        pytest.param([1, None, 3], "number", True, id="floats with a gap"),
        pytest.param(
            np.array([1, 2, None], object), "integer", True, id="objects that are numbers"
        ),
        pytest.param(np.array([True, None, False], object), "boolean", True, id="objects: truths"),
        pytest.param([Decimal("1.50"), None, Decimal(2)], "number", True, id="decimals"),
        pytest.param([Decimal(1), None, Decimal(3)], "integer", True, id="whole decimals"),
        pytest.param(np.array([1, 2, 3], np.float16), "number", False, id="half precision"),
        pytest.param(pd.Categorical(["x", "y", "x"]), "category", False, id="categories"),
        pytest.param(np.array([1, 2, 3], np.uint8), "integer", False, id="small integers"),
        pytest.param(pd.array([0.5, None, 1], "Float32"), "number", True, id="nullable floats"),
    ],
)
def test_a_column_of_any_pandas_type_has_its_dtype(
    values: object, dtype: str, nullable: bool
) -> None:
    dataset = Table.from_frame(pd.DataFrame({7: values, "kind": ["a", "b", "a"]}), target="kind")
    (feature,) = dataset.describe()
    assert (feature.name, feature.dtype, feature.nullable) == ("7", dtype, nullable)
    assert list(dataset.tensors()) == ["categories" if dtype == "category" else "features"]
    assert set(dataset.observations(None)) == {"7"}


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        pytest.param(pd.to_datetime(["2020-01-01", "2021-01-01"]), "holds dates (", id="dates"),
        pytest.param([date(2020, 1, 1)] * 2, "holds dates; make numbers", id="days"),
        pytest.param([time(1), time(2)], "holds times of day; make numbers", id="times"),
        pytest.param(pd.to_timedelta([1, 2]), "holds durations; make numbers", id="durations"),
        pytest.param([1j, 2.0], "holds complex numbers; make numbers", id="complex"),
        pytest.param([b"a", b"b"], "holds bytes; make numbers of them in `load`", id="bytes"),
        pytest.param([[1], [2]], "holds lists; make numbers of them in `load`", id="lists"),
        pytest.param([None, {"a": 2}], "holds records of several fields; make a", id="records"),
        pytest.param(
            [1, "a"],
            'holds values of several types, such as "1" (int) and "a" (str); make one type',
            id="one number, one text",
        ),
    ],
)
def test_a_column_that_no_model_takes_is_rejected(values: object, detail: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Table.from_frame(pd.DataFrame({"column": values, "kind": ["a", "a"]}), target="kind")
    ((where, problem),) = caught.value.errors
    assert where == "column"
    assert problem.startswith(detail)


@pytest.mark.parametrize(
    ("column", "categories"),
    [
        pytest.param(
            pd.Series([1, 2, None, 2]).astype("Int64").astype("category"), ("1", "2"), id="integers"
        ),
        pytest.param(
            pd.Series([True, False, True, None]).astype("category"),
            ("False", "True"),
            id="booleans",
        ),
        pytest.param(
            pd.cut(pd.Series([1, 9, 2, None]), [0, 5, 10]), ("(0, 5]", "(5, 10]"), id="intervals"
        ),
        pytest.param(
            pd.cut(pd.Series([1, 9, 2, None]), [0, 5, 10], labels=[1, 2]), ("1", "2"), id="labelled"
        ),
    ],
)
def test_categories_that_are_no_texts_become_texts(
    column: pd.Series, categories: tuple[str, ...]
) -> None:
    table = Table.from_frame(pd.DataFrame({"a": column, "y": ["p", "q"] * 2}), target="y")
    (feature,) = table.describe()
    assert (feature.dtype, feature.categories, feature.nullable) == ("category", categories, True)
    (cells,) = table.tensors().values()
    assert {type(cell) for cell in cells.ravel()} == {str}
    assert {str, type(pd.NA), float} >= {type(cell) for cell in table.rows["a"]}


def test_columns_are_selected_in_the_models_order(select: Select) -> None:
    chosen = select(size=[0.5, None], other=[1, 2], code=[2, 1], kind=["a", "b"])
    assert list(chosen.rows) == ["code", "size"]
    assert chosen.tensors()["categories"].tolist() == [["2"], ["1"]]
    assert chosen.target.tolist() == ["a", "b"]


def test_every_column_that_the_model_cannot_take_is_named(select: Select) -> None:
    with pytest.raises(InvalidInputError) as caught:
        select(size=["large", "small"], kind=["a", "b"])
    assert list(caught.value.errors) == [
        ("code", "no such column"),
        ("size", "holds text, not values of type number"),
    ]


def test_missing_values_where_training_had_none_are_named(select: Select) -> None:
    with pytest.raises(InvalidInputError) as caught:
        select(code=["1", None], size=[None, 1.0], kind=["a", "b"])
    assert list(caught.value.errors) == [
        ("code", "has missing values; there were none in training")
    ]


def test_the_manifests_ranges_are_those_of_the_training_rows(
    project: Project, trained: Artifact, config: Config
) -> None:
    rows = project.load(config.data).rows
    numbers = [each for each in trained.manifest.features if each.dtype != "category"]
    for feature in numbers:
        column = rows[feature.name]
        assert column.min() <= feature.minimum <= feature.example
        assert feature.example <= feature.maximum <= column.max()


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        pytest.param({"size": [1], "kind": ["a"]}, "builtins.dict", id="dict"),
        pytest.param(pa.table({"size": [1], "kind": ["a"]}), "pyarrow.Table", id="arrow"),
        pytest.param(None, "builtins.NoneType", id="nothing"),
    ],
)
@pytest.mark.parametrize("dataset", [Table, Texts])
def test_what_is_no_data_frame_of_pandas_is_named(rows: Any, kind: str, dataset: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        dataset.from_frame(rows, target="kind")
    ((where, problem),) = caught.value.errors
    assert where == "from_frame"
    assert problem.startswith(f"takes a data frame of pandas, not {kind}; make one in `load`")


@pytest.mark.parametrize("names", [["size", "size"], [3, "3"]], ids=str)
def test_columns_of_one_name_are_refused(names: list[object]) -> None:
    frame = pd.DataFrame([[1, 2, "a"], [3, 4, "b"]], columns=[*names, "kind"])
    with pytest.raises(InvalidInputError) as caught:
        Table.from_frame(frame, target="kind")
    (error,) = caught.value.errors
    assert error.pointer == str(names[0])
    assert "several columns have this name" in error.detail

"""A table is read with its dtypes and ranges, or rejected with every error."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.training.table.table import Table

CSV = """length,wings,colour,flies,kind
1.5,2,red,True,bird
,0,,False,fish
9.0,2,São Paulo's,,bird
"""
NULLABLE = {"length", "colour", "flies"}

Read = Callable[[str], Table]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a way to a dataset from the text of a CSV file whose target is `kind`."""

    def run(text: str) -> Table:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return Table.read_csv(path, target="kind")

    return run


def errors_of(ask: Callable[[], object]) -> list[tuple[str, str]]:
    """Return the pointer and the detail of each error."""
    with pytest.raises(InvalidInputError) as caught:
        ask()
    return [tuple(each) for each in caught.value.errors]


def test_the_target_is_no_feature(read: Read) -> None:
    dataset = read(CSV)
    assert len(dataset) == 3
    assert list(dataset.rows) == ["length", "wings", "colour", "flies"]
    assert dataset.target.tolist() == ["bird", "fish", "bird"]


def test_numbers_and_categories_become_tensors(read: Read) -> None:
    numbers, categories = read(CSV).tensors().values()
    assert numbers.dtype == np.float32
    expected = np.array([[1.5, 2, 1], [np.nan, 0, 0], [9, 2, np.nan]])
    assert np.array_equal(numbers, expected, equal_nan=True)
    assert categories.tolist() == [["red"], [""], ["São Paulo's"]]


def test_each_column_has_its_place_in_a_tensor(read: Read) -> None:
    assert read(CSV).places() == {
        "length": ("features", 0),
        "wings": ("features", 1),
        "colour": ("categories", 0),
        "flies": ("features", 2),
    }


def test_there_is_no_tensor_without_a_column(read: Read) -> None:
    assert list(read("length,kind\n1,a\n").tensors()) == ["features"]
    assert list(read("colour,kind\nred,a\n").tensors()) == ["categories"]


def test_rows_are_taken_with_their_targets(read: Read) -> None:
    taken = read(CSV).take(np.array([2, 0]))
    assert taken.rows["length"].tolist() == [9, 1.5]
    assert taken.target.tolist() == ["bird", "bird"]


def test_a_nullable_column_is_nullable_in_every_part_of_the_table(read: Read) -> None:
    # A rare value may be missing in a test row alone.
    whole = read(CSV)
    assert whole.nullable() == NULLABLE
    complete = whole.take(np.array([0]))
    assert complete.nullable() == complete.take(np.array([0])).nullable() == NULLABLE
    assert {each.name for each in complete.describe() if each.nullable} == NULLABLE


def test_each_column_is_described_by_its_dtype_and_range(read: Read) -> None:
    assert read(CSV).describe() == (
        Feature(name="length", dtype="number", minimum=1.5, maximum=9, nullable=True, example=1.5),
        Feature(name="wings", dtype="integer", minimum=0, maximum=2, example=2),
        Feature(
            name="colour",
            dtype="category",
            categories=("São Paulo's", "red"),
            nullable=True,
            example="red",
        ),
        Feature(name="flies", dtype="boolean", minimum=0, maximum=1, nullable=True, example=0),
    )


def test_the_example_of_a_number_is_a_value_of_the_data(read: Read) -> None:
    (feature,) = read("length,kind\n9.2,x\n9.17,x\n,y\n12,y\n1,y\n").describe()
    assert feature.example == 9.17  # the mean of the middle two is 9.184999999999999


def test_an_integer_that_float32_cannot_hold_is_a_number(read: Read) -> None:
    dataset = read(f"a,b,c,kind\n{2**24},{2**24 + 1},{-(2**24) - 1},x\n1,1,1,y\n")
    largest, larger, negative = dataset.describe()
    assert [each.dtype for each in (largest, larger, negative)] == ["integer", "number", "number"]


def test_a_category_that_is_the_commonest_is_the_example(read: Read) -> None:
    (feature,) = read("colour,kind\nred,a\nblue,b\nblue,a\n").describe()
    assert feature.categories == ("blue", "red")
    assert feature.example == "blue"


def test_every_bad_column_is_named_at_once(read: Read) -> None:
    table = (
        "code,length,weight,nothing,kind\n"
        "7,1,1e39,,bird\n8,,-inf,,\n9,2,3,,bird\nunknown,3,4,,bird\n"
    )
    assert errors_of(lambda: read(table)) == [
        (
            "code",
            'holds numbers mixed with text: 1 value such as "unknown"; '
            'under [data] write missing = ["unknown"] if that is a missing value, '
            'or dtypes = { code = "category" }',
        ),
        (
            "weight",
            "2 values are larger than float32 can hold, first in row 1: 1e+39; correct the file, "
            "or scale the column or take its logarithm in `load` (data.py); "
            'under [data] write drop = ["weight"]',
        ),
        ("nothing", 'is empty; under [data] write drop = ["nothing"]'),
        (
            "kind",
            "1 missing value; the target may have none; under [data] write "
            "drop_missing_target = true to leave such rows out",
        ),
    ]


def test_a_column_of_mostly_numbers_is_rejected_despite_missing_values(read: Read) -> None:
    table = "code,kind\n1,a\n2,b\nthree,a\n,b\n,a\n,b\n"
    problem = (
        'holds numbers mixed with text: 1 value such as "three"; '
        'under [data] write dtypes = { code = "category" }, or missing = ["three"] '
        "if that is a missing value"
    )
    assert errors_of(lambda: read(table)) == [("code", problem)]


def test_a_few_numbers_among_texts_are_categories(read: Read) -> None:
    (feature,) = read("code,kind\n1,a\nx,b\ny,a\n").describe()
    assert feature.categories == ("1", "x", "y")


@pytest.mark.parametrize(("count", "fits"), [(200, True), (201, False)])
def test_the_number_of_categories_is_limited(read: Read, count: int, fits: bool) -> None:
    table = "colour,kind\n" + "".join(f"c{i},a\nc{i},b\n" for i in range(count))
    if fits:
        assert len(read(table).describe()[0].categories) == count
    else:
        ((where, problem),) = errors_of(lambda: read(table))
        assert where == "colour"
        assert problem.startswith("holds 201 different texts, 200 are the limit; ")


def test_a_missing_target_is_reported_with_the_columns(read: Read) -> None:
    table = CSV.replace("kind", "sort")
    known = "length, wings, colour, flies, sort"
    detail = f"no such column, and [data] target names it; there are {known}"
    assert errors_of(lambda: read(table)) == [("kind", detail)]


@pytest.mark.parametrize("table", ["length,kind\n", "kind\nbird\n"], ids=["no row", "no column"])
def test_a_table_without_rows_or_features_is_rejected(read: Read, table: str) -> None:
    problem = "holds no rows, or no column but the target"
    assert errors_of(lambda: read(table)) == [("data", problem)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param(b"length,kind\n\xff\xfe,bird\n", id="no UTF-8"),
        pytest.param(b"length,kind\n1,bird\n1,bird,2,3\n", id="ragged"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    ((where, problem),) = errors_of(lambda: Table.read_csv(path, target="kind"))
    assert where == str(path)
    assert problem.startswith("cannot be read: ")


def test_every_column_is_observed_by_its_name(read: Read) -> None:
    watched = read(CSV).observations(None)
    assert list(watched) == ["length", "wings", "colour", "flies"]
    assert watched["colour"].tolist() == ["red", "", "São Paulo's"]
    assert watched["colour"].dtype == object
    assert watched["flies"].dtype == np.float32
    assert np.array_equal(watched["flies"], [1, 0, np.nan], equal_nan=True)


def test_a_table_is_one_batch(read: Read) -> None:
    dataset = read(CSV)
    (fed,) = list(dataset.batches(None))
    assert {name: len(array) for name, array in fed.items()} == {"features": 3, "categories": 3}


def test_numbers_that_are_written_as_text_are_categories() -> None:
    # Not from a CSV file, but a table of one's own may hold postal codes.
    table = pd.DataFrame({"code": ["01069", "01097", None], "kind": ["a", "b", "a"]})
    (feature,) = Table.from_frame(table, target="kind").describe()
    assert (feature.categories, feature.nullable) == (("01069", "01097"), True)

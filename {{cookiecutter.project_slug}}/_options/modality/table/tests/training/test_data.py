"""A table is read with its kinds and ranges, or refused with everything that is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from package.artifact import Feature
from package.errors import InvalidInputError
from package.training import data
from package.training.data import Dataset
from package.training.sections import DataSection

TABLE = """length,wings,colour,flies,kind
1.5,2,red,True,bird
,0,,False,fish
9.0,2,São Paulo's,,bird
"""
GAPS = {"length", "colour", "flies"}

Read = Callable[[str], Dataset]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a way to a dataset from the text of a CSV file whose target is `kind`."""

    def run(text: str) -> Dataset:
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return data.load(DataSection(path=path, target="kind", test_share=0.5))

    return run


def complaints(ask: Callable[[], object]) -> list[tuple[str, str]]:
    """Return what is found wrong."""
    with pytest.raises(InvalidInputError) as caught:
        ask()
    return [tuple(each) for each in caught.value.complaints]


def test_the_target_is_no_feature(read: Read) -> None:
    dataset = read(TABLE)
    assert len(dataset) == 3
    assert list(dataset.rows) == ["length", "wings", "colour", "flies"]
    assert dataset.target.tolist() == ["bird", "fish", "bird"]


def test_numbers_and_categories_become_what_the_graph_takes(read: Read) -> None:
    numbers, categories = read(TABLE).feeds().values()
    assert numbers.dtype == np.float32
    expected = np.array([[1.5, 2, 1], [np.nan, 0, 0], [9, 2, np.nan]])
    assert np.array_equal(numbers, expected, equal_nan=True)
    assert categories.tolist() == [["red"], [""], ["São Paulo's"]]


def test_each_column_has_its_place_in_an_array(read: Read) -> None:
    assert read(TABLE).places() == {
        "length": ("features", 0),
        "wings": ("features", 1),
        "colour": ("categories", 0),
        "flies": ("features", 2),
    }


def test_there_is_no_array_without_a_column(read: Read) -> None:
    assert list(read("length,kind\n1,a\n").feeds()) == ["features"]
    assert list(read("colour,kind\nred,a\n").feeds()) == ["categories"]


def test_rows_are_taken_with_their_targets(read: Read) -> None:
    taken = read(TABLE).take(np.array([2, 0]))
    assert taken.rows["length"].tolist() == [9, 1.5]
    assert taken.target.tolist() == ["bird", "bird"]


def test_a_column_with_gaps_has_them_in_every_part_of_the_table(read: Read) -> None:
    # A rare gap may lie in none of the training rows, and in one of those that are held back.
    whole = read(TABLE)
    assert whole.gaps() == GAPS
    complete = whole.take(np.array([0]))
    assert complete.gaps() == complete.take(np.array([0])).gaps() == GAPS
    assert {each.name for each in data.describe(complete) if each.gaps} == GAPS


def test_each_column_is_described_by_its_kind_and_range(read: Read) -> None:
    assert data.describe(read(TABLE)) == (
        Feature(name="length", kind="number", minimum=1.5, maximum=9, gaps=True, example=5.25),
        Feature(name="wings", kind="integer", minimum=0, maximum=2, example=2),
        Feature(
            name="colour",
            kind="category",
            categories=("São Paulo's", "red"),
            gaps=True,
            example="red",
        ),
        Feature(name="flies", kind="boolean", minimum=0, maximum=1, gaps=True, example=0),
    )


def test_an_integer_beyond_what_serving_takes_as_one_is_a_number(read: Read) -> None:
    (largest, larger, negative) = data.describe(
        read(f"a,b,c,kind\n{2**24},{2**24 + 1},{-(2**24) - 1},x\n1,1,1,y\n")
    )
    assert [each.kind for each in (largest, larger, negative)] == ["integer", "number", "number"]


def test_a_category_that_is_the_commonest_is_the_example(read: Read) -> None:
    (feature,) = data.describe(read("colour,kind\nred,a\nblue,b\nblue,a\n"))
    assert feature.categories == ("blue", "red")
    assert feature.example == "blue"


def test_every_bad_column_is_named_at_once(read: Read) -> None:
    table = (
        "code,length,weight,nothing,kind\n"
        "7,1,1e39,,bird\n8,,-inf,,\n9,2,3,,fish\nunknown,3,4,,bird\n"
    )
    assert complaints(lambda: read(table)) == [
        ("code", "holds numbers and other things, such as 'unknown'; leave gaps empty"),
        ("weight", "2 values are larger than float32 can hold"),
        ("nothing", "is empty"),
        ("kind", "1 gaps; the target may have none"),
    ]


def test_gaps_do_not_hide_that_most_values_are_numbers(read: Read) -> None:
    table = "code,kind\n1,a\n2,b\nn/a,a\n,b\n,a\n,b\n"
    problem = "holds numbers and other things, such as 'n/a'; leave gaps empty"
    assert complaints(lambda: read(table)) == [("code", problem)]


def test_a_few_numbers_among_texts_are_categories(read: Read) -> None:
    (feature,) = data.describe(read("code,kind\n1,a\nx,b\ny,a\n"))
    assert feature.categories == ("1", "x", "y")


@pytest.mark.parametrize(("count", "fits"), [(200, True), (201, False)])
def test_there_may_be_so_many_categories_and_no_more(read: Read, count: int, fits: bool) -> None:
    table = "colour,kind\n" + "".join(f"c{i},a\nc{i},b\n" for i in range(count))
    if fits:
        assert len(data.describe(read(table))[0].categories) == count
    else:
        ((where, problem),) = complaints(lambda: read(table))
        assert where == "colour"
        assert problem.startswith("holds 201 different texts, 200 are the limit; ")


def test_a_target_that_is_not_there_is_told_with_what_is(read: Read) -> None:
    table = TABLE.replace("kind", "sort")
    told = "no such column; there are length, wings, colour, flies, sort"
    assert complaints(lambda: read(table)) == [("kind", told)]


@pytest.mark.parametrize("table", ["length,kind\n", "kind\nbird\n"], ids=["no row", "no column"])
def test_a_table_with_nothing_to_learn_from_is_no_data(read: Read, table: str) -> None:
    problem = "holds no rows, or no column but the target"
    assert complaints(lambda: read(table)) == [("data", problem)]


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
    ((where, problem),) = complaints(lambda: data.read_csv(path))
    assert where == str(path)
    assert problem.startswith("cannot be read: ")


def test_what_is_watched_is_every_column_by_its_name(read: Read) -> None:
    watched = data.observations(read(TABLE), None)
    assert list(watched) == ["length", "wings", "colour", "flies"]
    assert watched["colour"].tolist() == ["red", "", "São Paulo's"]
    assert watched["colour"].dtype == object
    assert watched["flies"].dtype == np.float32
    assert np.array_equal(watched["flies"], [1, 0, np.nan], equal_nan=True)


def test_a_table_is_fed_to_the_graph_at_once(read: Read) -> None:
    dataset = read(TABLE)
    (fed,) = list(data.batches(dataset, None))
    assert {name: len(array) for name, array in fed.items()} == {"features": 3, "categories": 3}


def test_numbers_that_are_written_as_text_are_categories() -> None:
    # Not from a CSV file, but a table of one's own may hold postal codes.
    table = pd.DataFrame({"code": ["01069", "01097", None], "kind": ["a", "b", "a"]})
    (feature,) = data.describe(data.check(table, "kind"))
    assert (feature.categories, feature.gaps) == (("01069", "01097"), True)

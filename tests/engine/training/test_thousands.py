"""A sign separates thousands only where three digits follow it; other values are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table

GERMAN = {"separator": ";", "decimal": ",", "thousands": "."}
AMERICAN = {"separator": ";", "thousands": ","}
WHERE = (
    'is no number where "{}" separates thousands: three digits must follow each{}; '
    "correct the file, or convert it in `load` (data.py)"
)
Read = Callable[..., Table]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads values of a column "a"."""

    def run(values: list[str], **settings: Any) -> Table:
        path = tmp_path / "rows.csv"
        rows = "".join(f"{value};x\n" for value in values)
        path.write_text(f"a;y\n{rows}", encoding="utf-8")
        return Table.read(DataSection(**{"path": path, "target": "y"} | settings))

    return run


def problems(run: Callable[[], object]) -> list[tuple[str, str]]:
    """Return what is wrong with each column."""
    with pytest.raises(InvalidInputError) as caught:
        run()
    return [tuple(each) for each in caught.value.errors]


@pytest.mark.parametrize(
    ("values", "settings", "said"),
    [
        pytest.param(
            ["1.264,03", "384.3", "744"],
            GERMAN,
            'row 2: "384.3" ' + WHERE.format(".", ""),
            id="fraction",
        ),
        pytest.param(
            ["1.264", "2.744", "120.5", "3.001"],
            GERMAN,
            'row 3: "120.5" ' + WHERE.format(".", ""),
            id="whole numbers",
        ),
        pytest.param(
            ["1,264.03", "1,5", "2,50"],
            AMERICAN,
            'row 2: "1,5" ' + WHERE.format(",", " (2 such values)"),
            id="comma",
        ),
        pytest.param(
            ["1,23,456", "123,456", "7"],
            AMERICAN,
            'row 1: "1,23,456" ' + WHERE.format(",", ""),
            id="groups of two",
        ),
        pytest.param(
            ["0.384", "1.264,5"], GERMAN, 'row 1: "0.384" ' + WHERE.format(".", ""), id="below one"
        ),
        pytest.param(
            ["384.3", "120.5", "7"],
            GERMAN,
            'holds numbers with a decimal point such as "384.3"; under [data] write decimal = "." '
            'and thousands = "," if all columns are written so; convert it in `load` (data.py) '
            "otherwise",
            id="another notation",
        ),
    ],
)
def test_a_thousands_separator_before_other_than_three_digits_is_refused(
    read: Read, values: list[str], settings: dict[str, Any], said: str
) -> None:
    assert problems(lambda: read(values, **settings)) == [("a", said)]


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        pytest.param(["1.264,03", "-384,3", "1.000.000"], GERMAN, id="points"),
        pytest.param(["1,264.03", "-384.3", "1,000,000"], AMERICAN, id="commas"),
        pytest.param(["1 264,03", " -384,3", "1 000 000"], GERMAN | {"thousands": " "}, id="space"),
    ],
)
def test_groups_of_three_digits_are_thousands(
    read: Read, values: list[str], settings: dict[str, Any]
) -> None:
    assert read(values, **settings).rows["a"].tolist() == [1264.03, -384.3, 1_000_000]


@pytest.mark.parametrize(
    ("grouped", "stray", "stated", "said"),
    [
        ("{}.578,00", "384.3", {}, 'write decimal = "," and thousands = "."'),
        ("{}.578,00", "384.3", {"decimal": ","}, 'write thousands = "."'),
        ("{},578.25", "38,43", {}, 'write thousands = ","'),
    ],
)
def test_one_misplaced_separator_does_not_hide_the_notation_of_the_others(
    read: Read, grouped: str, stray: str, stated: dict[str, Any], said: str
) -> None:
    values = [*(grouped.format(i) for i in range(1, 40)), stray]
    ((column, problem),) = problems(lambda: read(values, separator=";", **stated))
    assert column == "a"
    assert said in problem
    assert "drop" not in problem


def test_a_target_with_a_misplaced_separator_is_refused(read: Read, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;y\n1;1.264,5\n2;384.3\n1;7\n", encoding="utf-8")
    found = problems(lambda: read([], path=tmp_path / "t.csv", **GERMAN))
    assert found == [("y", 'row 2: "384.3" ' + WHERE.format(".", ""))]


def test_the_value_is_named_where_the_type_is_stated(read: Read) -> None:
    found = problems(lambda: read(["1.264,03", "384.3"], dtypes={"a": "number"}, **GERMAN))
    assert found == [("a", 'row 2: "384.3" is no number with thousands = "."')]


def test_the_value_is_named_where_the_type_is_a_models(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("a;y\n1.264,03;x\n384.3;x\n", encoding="utf-8")
    feature = Feature(name="a", dtype="number", minimum=0, maximum=9, example=1)
    trained = DataSection(path=tmp_path / "rows.csv", target="y", **GERMAN)
    found = problems(lambda: Table.read(trained.other_files(path, (feature,))))
    assert found == [("a", 'row 2: "384.3" is no number with thousands = "."')]


def test_dates_are_not_read_as_numbers_without_their_points(read: Read) -> None:
    ((name, said),) = problems(lambda: read(["11.05.2021", "12.05.2021"], **GERMAN))
    assert (name, said.partition(";")[0]) == ("a", 'holds dates such as "11.05.2021"')


def test_texts_of_a_category_are_not_looked_at(read: Read) -> None:
    assert read(["384.3", "1.264"], dtypes={"a": "category"}, **GERMAN).rows["a"][0] == "384.3"


ALONE = 'three digits follow each "."; under [data] write decimal = "," and thousands = "." if "." '


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        (["35.582", "116.483", "7.250"], '"35.582" is read as a fraction'),
        (["80.000", "112.000", "9.000"], '"80.000" is read as 80'),
        (["80.000", "116.483", "9.000", "0", "-7.250"], '"116.483" is read as a fraction'),
    ],
    ids=["fractions", "whole", "a small number"],
)
def test_three_digits_behind_every_sign_are_reported_as_thousands(
    read: Read, values: list[str], read_as: str
) -> None:
    ((column, problem),) = read(values, separator=";").warnings
    assert column == "a"
    assert problem.startswith(f"{read_as}, and {ALONE}")
    assert read(values, separator=";", dtypes={"a": "number"}).warnings == ()
    assert read(values, separator=";", decimal=",", thousands=".").warnings == ()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["35.582", "116.483"] * 3, id="two values"),
        pytest.param(["35.582", "116.483", "7.25"], id="two digits"),
        pytest.param(["35.582", "116.483", "1013.250"], id="four digits before"),
        pytest.param(["35.582", "116.483", "0.000"], id="zero"),
        pytest.param(["35.582;1.5", "116.483;1.5", "7.250;2.0"], id="another column"),
    ],
)
def test_three_digits_tell_nothing_beside_other_fractions(
    read: Read, values: list[str], tmp_path: Path
) -> None:
    head = "a;b;y\n" if ";" in values[0] else "a;y\n"
    rows = "".join(f"{value};x\n" for value in values)
    (tmp_path / "t.csv").write_text(head + rows, encoding="utf-8")
    assert read([], path=tmp_path / "t.csv", separator=";").warnings == ()


def test_a_decimal_comma_that_is_stated_begins_fractions(read: Read) -> None:
    assert read(["5,499", "4,199", "6,250"], separator=";", decimal=",").warnings == ()

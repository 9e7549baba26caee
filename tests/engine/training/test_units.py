"""Numbers that are texts by a unit, a stray word or their size are named with the way out."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from modelserve.errors import FieldError, InvalidDataError
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table

COUNT = 400


def inspect(values: list[Any], **settings: Any) -> tuple[list[FieldError], list[FieldError]]:
    """Return what is refused and what is reported of a column "a"."""
    labels = [str(i * 7919 % 13 % 2) for i in range(len(values))]
    frame = pd.DataFrame({"a": values, "y": labels})
    section = DataSection(**{"path": "rows.csv", "target": "y"} | settings)
    try:
        return [], [*Table.from_frame(frame, section).warnings]
    except InvalidDataError as error:
        return [*error.errors], []


@pytest.mark.parametrize(
    "form",
    ["0.{}%", "{} kg", "{}kg", "R$ {}", "${},50", "EUR {}", "1.{}00 €", "{}.5k", "{} km/h", "{} h"],
)
def test_numbers_with_a_unit_are_reported(form: str) -> None:
    values = [form.format(i % 20 + 1) for i in range(COUNT)]
    refused, (warning,) = inspect(values)
    shown = ", ".join(f'"{text}"' for text in values[:3])
    assert refused == []
    assert warning == (
        "a",
        f"holds 20 different texts that are numbers with a unit, such as {shown}; the model sees "
        "names without an order: make numbers of them in `load` (data.py); under [data] write "
        'dtypes = { a = "category" } if they are names',
    )
    assert inspect(values, dtypes={"a": "category"}) == ([], [])


@pytest.mark.parametrize("differ", [20, COUNT], ids=["few", "all differ"])
def test_a_few_other_texts_do_not_hide_a_unit(differ: int) -> None:
    values = [f"{i % differ} kg" for i in range(COUNT - 9)] + ["unknown"] * 9
    refused, reported = inspect(values)
    (said,) = refused or reported
    assert "numbers with a unit" in said.detail
    assert bool(refused) == (differ == COUNT)


def test_more_texts_with_a_unit_than_categories_are_refused_as_such() -> None:
    ((_, detail),), _ = inspect([f"{i} kg" for i in range(COUNT)])
    assert detail == (
        'holds 400 different texts that are numbers with a unit, such as "0 kg", "1 kg", "2 kg"; '
        "the model sees names without an order: make numbers of them in `load` (data.py); "
        'under [data] write drop = ["a"]'
    )


@pytest.mark.parametrize(
    "form", ["{}A", "{}th", "flat {}", "{}-{}", "{} or more rooms", "v{}.0", "{}:30"]
)
def test_names_with_digits_are_no_numbers_with_a_unit(form: str) -> None:
    assert inspect([form.format(i % 20, i % 20 + 1) for i in range(COUNT)]) == ([], [])


def test_letters_behind_a_number_that_differ_are_no_unit() -> None:
    codes = [f"{i % 20}{'abc'[i % 3]}{'xyz'[i % 3]}" for i in range(COUNT)]
    assert inspect(codes) == ([], [])


def test_a_target_with_a_unit_is_reported() -> None:
    frame = pd.DataFrame({"a": [i * 7919 % 13 for i in range(COUNT)]})
    frame["y"] = [f"{i % 20} kg" for i in range(COUNT)]
    (warning,) = Table.from_frame(frame, target="y").warnings
    assert warning.pointer == "y"
    assert "numbers with a unit" in warning.detail


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("R$ 1.0{:02},21", "make numbers of them in `load` (data.py)"),
        ("1.0{:02},21", 'under [data] write decimal = "," and thousands = "."'),
    ],
    ids=["unit", "notation"],
)
def test_the_target_of_a_regressor_is_never_to_become_a_category(form: str, said: str) -> None:
    frame = pd.DataFrame({"a": [i * 7919 % 13 for i in range(COUNT)]})
    frame["y"] = [form.format(i % 20) for i in range(COUNT)]
    section = DataSection(path=Path("rows.csv"), target="y", numeric_target=True)
    with pytest.raises(InvalidDataError) as caught:
        Table.from_frame(frame, section)
    ((name, detail),) = caught.value.errors
    assert name == "y"
    assert detail.endswith(said)


NUMBERS = [str(i % 50) for i in range(COUNT)]
FIRST = "first in row 401; correct the file, or leave out rows such as totals in `load` (data.py)"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            [*NUMBERS, "Total"],
            f'1 value such as "Total", {FIRST}; under [data] write missing = ["Total"] if that is '
            'a missing value, or dtypes = { a = "category" }',
            id="a total",
        ),
        pytest.param(
            [*map(str, range(COUNT)), "Total"],
            f'1 value such as "Total", {FIRST}; under [data] write missing = ["Total"] if that is '
            "a missing value",
            id="too many categories",
        ),
        pytest.param(
            [*NUMBERS, *(f"w{i}x" for i in range(20))],
            f'20 values such as "w0x", "w1x", "w2x", …, {FIRST}; under [data] write '
            'dtypes = { a = "category" }',
            id="many words",
        ),
        pytest.param(
            [*map(str, range(COUNT)), *["w"] * COUNT],
            f'{COUNT} values such as "w"; under [data] write drop = ["a"], or missing = ["w"] '
            "if that is a missing value",
            id="half",
        ),
    ],
)
def test_a_stray_text_among_numbers_is_a_missing_value_first(values: list[str], said: str) -> None:
    ((name, detail),), _ = inspect(values)
    assert (name, detail) == ("a", f"holds numbers mixed with text: {said}")


def test_a_whole_number_that_makes_numbers_of_integers_is_reported() -> None:
    values = [*([3, 1, 4, 1, 5] * 80), 2**24 + 1]
    assert inspect(values) == (
        [],
        [
            (
                "a",
                "is taken for a number, not an integer, because of 1 value such as 16777217 in "
                "row 401: float32 holds whole numbers exactly up to 16777216; correct the file, "
                "or leave such rows out in `load` (data.py); under [data] write "
                'dtypes = { a = "number" } if they are right',
            )
        ],
    )
    assert inspect(values, dtypes={"a": "number"}) == ([], [])
    assert inspect([2**24 + i * 1000 for i in range(COUNT)])[1] == []


def test_integers_that_are_stated_and_too_large_are_reported_however_many_they_are() -> None:
    large = [2**24 + i * 1000 + 1 for i in range(COUNT)]
    refused, ((_, detail),) = inspect(large, dtypes={"a": "integer"})
    assert not refused
    assert detail.startswith("is taken for a number, not an integer, because of 400 values such as")
    assert inspect([3, 1, 4, 1, 5] * 80, dtypes={"a": "integer"}) == ([], [])

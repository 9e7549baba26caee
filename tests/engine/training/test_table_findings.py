"""What would change the meaning of a column without a word is refused, or reported."""

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import FieldError, InvalidDataError
from modelserve.training.reading.remedies import Remedy, toml_lines
from modelserve.training.repeated_rows import count_copies
from modelserve.training.sections import DataSection
from modelserve.training.table.inspection import Inspection
from modelserve.training.table.table import Table

COUNT = 60
NOISE = np.random.default_rng(0).integers(0, 13, COUNT)
LABELS = np.array(["yes", "no", "yes"] * (COUNT // 3))


def make(target: Any = LABELS, **columns: Any) -> pd.DataFrame:
    """Return a table with a column of noise besides those that are given."""
    return pd.DataFrame({**columns, "noise": NOISE, "y": target})


def section(**settings: Any) -> DataSection:
    """Return settings of `[data]` for a data frame."""
    return DataSection(**{"path": "rows.csv", "target": "y"} | settings)


def inspect(frame: pd.DataFrame, **settings: Any) -> tuple[list[FieldError], list[FieldError]]:
    """Return what is refused, and what is reported."""
    try:
        return [], [*Table.from_frame(frame, section(**settings)).warnings]
    except InvalidDataError as error:
        return [*error.errors], [*inspection_of(error).warnings]


def inspection_of(error: InvalidDataError) -> Inspection:
    """Return what the columns were taken for."""
    assert isinstance(error.inspection, Inspection)
    return error.inspection


REFUSED: dict[str, tuple[list[Any], str]] = {
    "unix": (
        [1_700_000_000 + 3 * i for i in range(COUNT)],
        "holds whole numbers that a model cannot tell apart as float32, such as 1700000000 and "
        '1700000003 (60 different ones become 2); under [data] write index = "unix", '
        'or drop = ["unix"], or dtypes = { unix = "number" } if rounding is harmless',
    ),
    "when": (
        [f"2026-01-{1 + i % 28:02}" for i in range(COUNT)],
        'holds dates such as "2026-01-01"; make numbers of them in data.py, such as the month, '
        'or leave them out; under [data] write drop = ["when"], '
        'or dtypes = { when = "category" } to keep them as categories',
    ),
    "row": (
        [*range(1, COUNT + 1)],
        "numbers the rows from 1: the model would learn their order; under [data] write "
        'index = "row", or drop = ["row"], or dtypes = { row = "integer" } if it is a feature',
    ),
    "": (
        [3] * COUNT,
        "has no name: most often it is the index of a data frame; under [data] write "
        'index = "", or drop = [""]',
    ),
    "car": (
        [f"car {i}" for i in range(COUNT)],
        "holds a different text in each row, which tells nothing about new rows; under [data] "
        'write index = "car", or drop = ["car"], '
        'or dtypes = { car = "category" } if it is a feature',
    ),
    "Cylinders": (
        ["4", "6", "rotary"] * (COUNT // 3),
        'holds numbers mixed with text: 20 values such as "rotary"; under [data] write '
        'dtypes = { Cylinders = "category" }, or missing = ["rotary"] '
        "if that is a missing value",
    ),
    "copy": ([*LABELS], 'equals the target, "y"; under [data] write drop = ["copy"]'),
}


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name or "unnamed")
def test_a_column_that_would_silently_mean_something_else_is_refused(name: str) -> None:
    values, detail = REFUSED[name]
    errors, _ = inspect(make(**{name: values}))
    assert errors == [(name or '""', detail)]


def test_all_are_named_at_once_and_the_lines_together_are_a_way_out() -> None:
    frame = make(**{name: values for name, (values, _) in REFUSED.items()})
    with pytest.raises(InvalidDataError) as caught:
        Table.from_frame(frame, section())
    assert len(caught.value.errors) == len(REFUSED)
    remedies = [each.remedies[0] for each in inspection_of(caught.value).findings]
    assert toml_lines(remedies) == [
        'index = "unix"',
        'drop = ["when", "copy", "row", "", "car"]',
        'dtypes = { Cylinders = "category" }',
    ]
    dataset = Table.from_frame(
        frame,
        section(
            index="unix",
            drop=("when", "copy", "row", "", "car"),
            dtypes={"Cylinders": "category"},
        ),
    )
    assert list(dataset.rows) == ["Cylinders", "noise"]


@pytest.mark.parametrize(
    "date",
    [
        "2026-01-31",
        "2026-01-31T10:00:00Z",
        "2026-01-31 10:00",
        "31/01/2026",
        "1.2.26",
        "3-Jan-2026",
    ],
)
def test_dates_are_recognised_in_common_forms(date: str) -> None:
    ((_, detail),), _ = inspect(make(when=[date, date.replace("1", "2")] * (COUNT // 2)))
    assert detail.startswith("holds dates such as ")


@pytest.mark.parametrize("text", ["1-2 rooms", "A-1", "10:30", "3-4", "v1.2.3"])
def test_other_texts_with_digits_are_categories(text: str) -> None:
    assert inspect(make(size=[text, "other"] * (COUNT // 2)))[0] == []


@pytest.mark.parametrize("name", ["unix", "when", "row", "car"])
def test_a_stated_dtype_is_an_answer_to_a_refusal(name: str) -> None:
    values, _ = REFUSED[name]
    dtype = "number" if name in ("unix", "row") else "category"
    dataset = Table.from_frame(make(**{name: values}), section(dtypes={name: dtype}))
    assert dataset.describe()[0].dtype == dtype


def test_years_and_large_measurements_stay_numbers() -> None:
    frame = make(
        year=[1990 + i for i in range(COUNT)], income=[1.5e8 * i + 0.25 for i in range(COUNT)]
    )
    frame["people"] = (np.arange(COUNT) + 1) * 20_000_003
    assert inspect(frame)[0] == []


@pytest.mark.parametrize(
    ("target", "values"),
    [
        pytest.param(LABELS, [len(label) for label in LABELS], id="a-code-of-the-label"),
        pytest.param(NOISE % 7 + np.arange(COUNT), None, id="a-linear-function"),
        pytest.param(np.exp(np.arange(COUNT) / 9), np.arange(COUNT) / 9, id="a-logarithm"),
        pytest.param(
            LABELS,
            [None if label == LABELS[0] else 0.5 * i for i, label in enumerate(LABELS)],
            id="a-gap-of-one-label",
        ),
    ],
)
def test_a_column_that_tells_the_target_is_reported(target: Any, values: Any) -> None:
    column = values if values is not None else target * 2.5 + 1
    errors, warnings = inspect(make(target, tells=column))
    assert errors == []
    assert warnings == [
        (
            "tells",
            'alone tells the target, "y", of every row; if it is known only afterwards, '
            'the metrics are too good; under [data] write drop = ["tells"]',
        )
    ]


def test_a_column_that_agrees_with_the_target_by_chance_is_none() -> None:
    assert inspect(make(half=["a", "b"] * (COUNT // 2))) == ([], [])
    few = make(unique=[*range(2, COUNT + 2)]).head(19)
    assert inspect(few) == ([], [])


@pytest.mark.parametrize("levels", [["region"], ["region", "year"]])
def test_an_index_that_looks_like_a_column_is_reported(levels: list[str]) -> None:
    columns = {"region": ["n", "s"] * (COUNT // 2), "year": [1, 2, 3] * (COUNT // 3)}
    frame = make(**columns).set_index(levels)
    errors, warnings = inspect(frame)
    assert errors == []
    assert [
        where for where, detail in warnings if "is an index of the data frame" in detail
    ] == levels
    for other in (frame.reset_index(drop=True), make(**columns).set_index("region", drop=False)):
        assert not [detail for _, detail in inspect(other)[1] if "is an index" in detail]


def test_categories_that_differ_by_case_or_spaces_alone_are_reported() -> None:
    errors, ((where, detail),) = inspect(make(sex=["Male", "male ", "f", "f"] * (COUNT // 4)))
    assert (errors, where) == ([], "sex")
    assert detail.startswith('"Male" and "male " are two categories')


@pytest.mark.parametrize("name", ["sex", "target"])
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["yes", "YES", "no", " no"], '"yes" and "YES" are two categories (2 such pairs); write'),
        (["Évora", "E\u0301vora", "f", "f"], "which look the same and are composed"),
    ],
)
def test_labels_that_look_alike_are_reported_as_categories_are(
    name: str, values: list[str], said: str
) -> None:
    errors, warnings = inspect(make(**{name: values * (COUNT // 4)}))
    assert errors == []
    assert [detail for where, detail in warnings if where in ("sex", "y") and said in detail]


@pytest.mark.parametrize(
    ("column", "dtype", "detail"),
    [
        (["1", "q", "r"], "number", 'row 2: "q" is no number (2 values do not fit)'),
        ([1.0, 2.5, 3.0], "integer", 'row 2: "2.5" is no integer'),
        (["true", "0", "yes"], "boolean", 'row 3: "yes" is no boolean; true, false, 1 and 0 are'),
    ],
)
def test_a_value_that_does_not_fit_its_stated_dtype_is_named_with_its_row(
    column: list[Any], dtype: str, detail: str
) -> None:
    frame = pd.DataFrame({"a": column, "b": [1, 2, 3], "y": ["x", "x", "x"]})
    assert inspect(frame, dtypes={"a": dtype})[0] == [("a", detail)]


@pytest.mark.parametrize(
    ("column", "dtype", "expected"),
    [
        ([1, 2, 3], "number", [1.0, 2.0, 3.0]),
        ([1, 2, 3], "category", ["1", "2", "3"]),
        (["1", "0", None], "boolean", [True, False, None]),
        (["1", " 2", "3.0"], "integer", [1, 2, 3]),
    ],
)
def test_a_stated_dtype_replaces_the_inferred_one(
    column: list[Any], dtype: str, expected: list[Any]
) -> None:
    frame = pd.DataFrame({"a": column, "b": [1, 2, 2], "y": ["x", "x", "x"]})
    dataset = Table.from_frame(frame, section(dtypes={"a": dtype}))
    assert dataset.describe()[0].dtype == dtype
    assert dataset.rows["a"].astype(object).where(dataset.rows["a"].notna(), None).tolist() == (
        expected
    )


def test_every_name_that_the_data_lack_is_reported_with_a_guess() -> None:
    frame = pd.DataFrame({"alpha": [1, 2], "y": ["x", "x"]})
    errors, _ = inspect(frame, target="Y", drop=("alph",), index="id", dtypes={"q": "number"})
    assert errors == [
        ("Y", 'no such column, and [data] target names it; there are alpha, y; is it "y"?'),
        ("alph", 'no such column, and [data] drop names it; there are alpha, y; is it "alpha"?'),
        ("id", "no such column, and [data] index names it; there are alpha, y"),
        ("q", "no such column, and [data] dtypes names it; there are alpha, y"),
    ]


@pytest.mark.parametrize(
    ("labels", "detail"),
    [
        (
            "xxz",
            '"z" has a single row, and a label needs two or more; add rows, or leave this row out '
            "in `load` (data.py)",
        ),
        (
            "xxzw",
            '"z", "w" have a single row, and a label needs two or more; add rows, or leave these '
            "rows out in `load` (data.py)",
        ),
    ],
    ids=["one", "two"],
)
def test_labels_with_a_single_row_are_named_with_the_other_faults(labels: str, detail: str) -> None:
    frame = pd.DataFrame({"a": [None] * len(labels), "y": [*labels]})
    errors, _ = inspect(frame)
    assert errors[1:] == [("y", detail)]


TWO_NOTATIONS = [
    Remedy("notation", "a", ("", ","), "if the comma separates thousands"),
    Remedy("notation", "b", (",", ".")),
    Remedy("notation", "c", (",", "")),
    Remedy("drop", "d"),
]


@pytest.mark.parametrize("remedies", [*permutations(TWO_NOTATIONS[:3])])
def test_the_lines_of_several_columns_state_one_notation(remedies: tuple[Remedy, ...]) -> None:
    lines = ['decimal = ","', 'thousands = "."', 'drop = ["d"]']
    assert toml_lines([*remedies, TWO_NOTATIONS[-1]]) == lines


def test_test_rows_that_are_copies_of_training_rows_are_counted() -> None:
    frame = pd.DataFrame({"a": [1, 2, 1, 2, None, None], "b": list("xyxzqq"), "y": list("uvuvuu")})
    table = Table.from_frame(frame, target="y")
    halves = [(table.take(np.array(one)), table.take(np.array(other))) for one, other in SPLITS]
    assert [count_copies(*half) for half in halves] == [2, 0]


SPLITS = [([0, 1, 4], [2, 3, 5]), ([0, 1, 2], [3, 4, 5])]


TARGETS = {
    "text": pd.array([*LABELS[1:], pd.NA], dtype="string"),
    "object": np.array([*LABELS[1:], None], dtype=object),
    "integer": pd.array([*NOISE[1:], pd.NA], dtype="Int64"),
    "number": np.array([*NOISE[1:], np.nan], dtype=np.float64),
    "boolean": pd.array([*(LABELS[1:] == "yes"), pd.NA], dtype="boolean"),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("values", [LABELS, *TARGETS.values()], ids=["whole", *TARGETS])
def test_a_gap_in_the_target_is_named_beside_any_column(target: Any, values: Any) -> None:
    errors, _ = inspect(make(target, same=values))
    assert "y" in {each.pointer.rpartition(" ")[2] for each in errors}, errors


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_rows_without_a_target_are_left_out_on_demand(target: Any) -> None:
    frame = make(target, when=range(100, 100 + COUNT), size=[*NOISE[1:], np.nan]).set_axis(
        [7] * COUNT  # labels of rows may repeat
    )
    asked = section(drop_missing_target=True, split_column="when")
    table = Table.from_frame(frame, asked)
    assert len(table) == COUNT - 1
    assert table.target.tolist() == list(target[:-1])
    assert table.split_column is not None
    assert table.split_column.tolist() == [*range(100, 99 + COUNT)]
    assert table.nullable() == frozenset()  # the only gap is in the row that is left out
    assert ("y", "1 row without it left out") in table.warnings
    assert table.inspection is not None
    assert len(table.inspection.frame) == len(table)


def test_a_target_that_is_missing_everywhere_cannot_be_left_out() -> None:
    frame = make([np.nan] * COUNT)
    errors, _ = inspect(frame, drop_missing_target=True)
    assert errors == [("y", "is missing in every row")]

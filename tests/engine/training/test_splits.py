"""Rows are split by chance, by time or by group, or as the files are given."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, Table, Texts
from modelserve.errors import ConfigurationError, InvalidInputError, TrainingError
from modelserve.training.config import Config, load_config
from modelserve.training.sections import SplitSection
from modelserve.training.splits import Splits, load_splits, split
from modelserve.training.tasks import load_task

CLASSIFIER, REGRESSOR = load_task("classifier"), load_task("regressor")


def make_table(rows: int = 60, **columns: Any) -> Table:
    """Return a table with a number, a label of two, and a column to split by."""
    frame = pd.DataFrame({"size": np.arange(rows) / 7, "kind": ["a", "b"] * (rows // 2)})
    frame = frame.assign(**columns)
    split_column = next((name for name in columns if name != "kind"), None)
    return Table.from_frame(frame, target="kind", split_column=split_column)


def divide(table: Table, **section: Any) -> Splits:
    """Return the parts of a table."""
    return split(table, SplitSection(**section), CLASSIFIER, 42)


def values(part: Any) -> list[Any]:
    """Return the values that a part has in the column that the split is by."""
    return part.split_column.tolist()


def test_the_column_of_the_split_is_no_feature() -> None:
    table = make_table(date=pd.date_range("2026-01-01", periods=60).astype(str))
    assert list(table.rows.columns) == ["size"]
    parts = divide(table, by="time", column="date", calibration_size=0.25)
    assert [each.name for each in parts.training.describe()] == ["size"]


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param(lambda days: days, id="dates"),
        pytest.param(lambda days: days.strftime("%Y-%m-%d"), id="ISO 8601"),
        pytest.param(lambda days: days.strftime("%Y-%m-%dT%H:%M:%SZ"), id="with a time zone"),
        pytest.param(lambda days: days.strftime("%d/%m/%Y"), id="day first"),
        pytest.param(lambda days: days.strftime("%m/%d/%Y"), id="month first"),
        pytest.param(lambda days: days.strftime("%d.%m.%Y %H:%M"), id="with the time"),
        pytest.param(
            lambda days: [
                *days[:40].strftime("%d/%m/%Y"),
                *days[40:].strftime("%Y-%m-%dT%H:%M:%SZ"),
            ],
            id="day first, and of collected rows",
        ),
        pytest.param(lambda days: np.arange(len(days)) * 86_400, id="seconds"),
    ],
)
def test_the_latest_rows_are_the_test_rows(dates: Any) -> None:
    days = pd.date_range("2025-12-01", periods=60)
    order = np.random.default_rng(3).permutation(60)
    table = make_table(when=pd.Series(dates(days)).iloc[order].to_numpy())

    parts = divide(table, by="time", column="when", test_size=0.2, calibration_size=0.25)

    ages = [order[part.target.index] for part in parts]
    assert [len(each) for each in ages] == [36, 12, 12]
    assert ages[0].max() < ages[1].min()
    assert ages[1].max() < ages[2].min()


def test_rows_of_one_time_stay_together() -> None:
    years = [2020] * 20 + [2021] * 20 + [2022] * 20
    parts = divide(make_table(year=years), by="time", column="year", test_size=0.2)
    assert set(values(parts.training)) == {2020, 2021}
    assert set(values(parts.test)) == {2022}


def test_dates_that_may_be_day_or_month_first_are_refused() -> None:
    table = make_table(when=["01/02/2026", "03/02/2026"] * 30)
    with pytest.raises(InvalidInputError) as caught:
        divide(table, by="time", column="when")
    (error,) = caught.value.errors
    assert error.pointer == "when"
    assert "may be day or month first; write them as 2026-01-31" in error.detail


def test_texts_that_are_no_dates_are_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        divide(make_table(when=["x" * 500, "later"] * 30), by="time", column="when")
    (error,) = caught.value.errors
    assert "no dates of one format" in error.detail
    assert len(error.detail) < 200


@pytest.mark.parametrize("by", ["time", "group"])
def test_one_value_in_all_rows_cannot_be_split_by(by: str) -> None:
    with pytest.raises(TrainingError, match=rf"by {by}: \[split\] column has one value"):
        divide(make_table(where=[2026] * 60), by=by, column="where")


@pytest.mark.parametrize("groups", [["p1", "p2", "p3", "p4", "p5", "p6"], [1, 2, 3, 4, 5, 6]])
def test_no_group_is_in_two_parts(groups: list[Any]) -> None:
    table = make_table(patient=np.repeat(groups, 10))

    parts = divide(table, by="group", column="patient", test_size=0.2, calibration_size=0.25)

    sides = [set(values(part)) for part in parts]
    assert sides[0] | sides[1] | sides[2] == set(groups)
    assert sum(map(len, sides)) == len(groups)
    assert all(sides)
    again = divide(table, by="group", column="patient", test_size=0.2, calibration_size=0.25)
    assert [part.target.index.tolist() for part in again] == [
        part.target.index.tolist() for part in parts
    ]


def test_groups_are_chosen_such_that_both_labels_are_in_both_parts() -> None:
    # Two of ten groups have the one label, the others the other.
    groups = np.repeat(np.arange(10), 6)
    kinds = np.where(groups < 8, "a", "b")
    table = make_table(group=groups, kind=kinds)
    for seed in range(10):
        section = SplitSection(by="group", column="group", test_size=0.3)
        parts = split(table, section, CLASSIFIER, seed)
        assert {"a", "b"} == set(parts.training.target) == set(parts.test.target), seed


def test_a_label_that_no_training_row_has_is_named() -> None:
    table = make_table(year=np.arange(60), kind=["a", "b"] * 25 + ["new"] * 10)
    with pytest.raises(TrainingError, match=r"test rows have labels that no training row .*'new'"):
        divide(table, by="time", column="year", test_size=0.2)


def test_a_label_with_one_row_is_named_with_the_ways_out() -> None:
    table = make_table(kind=["a", "b"] * 29 + ["rare", "x" * 200])
    with pytest.raises(TrainingError) as caught:
        divide(table)
    message = str(caught.value)
    assert "'rare', 'xxx" in message
    assert "Add rows of it, drop its row, or merge it with another label" in message
    assert len(message) < 400


def test_fewer_test_rows_than_labels_name_the_size() -> None:
    table = make_table(8, kind=["a", "a", "b", "b", "c", "c", "d", "d"])
    with pytest.raises(TrainingError, match=r"8 rows are too few for 4 labels .*\[split\] test_s"):
        divide(table, test_size=0.2)


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        pytest.param("daet", "no such column; [split] column may be one of", id="no such column"),
        pytest.param("kind", "is the target", id="the target"),
        pytest.param("gap", "30 missing values", id="missing values"),
    ],
)
def test_a_column_that_cannot_be_split_by_is_named(column: str, complaint: str) -> None:
    size, kinds = np.arange(60) / 7, ["a", "b"] * 30
    frame = pd.DataFrame({"size": size, "gap": [1.0, None] * 30, "kind": kinds})
    with pytest.raises(InvalidInputError) as caught:
        Table.from_frame(frame, target="kind", split_column=column)
    assert any(
        each.pointer == column and complaint in each.detail for each in caught.value.errors
    ), caught.value.errors


def test_a_load_that_drops_the_column_is_told_how_to_pass_it_on() -> None:
    with pytest.raises(TrainingError, match=r"split_column=section.split_column"):
        divide(make_table(), by="time", column="date")


def write_project(folder: Path, extra: str) -> Config:
    """Write a configuration beside its data, and return it."""
    (folder / "config").mkdir(exist_ok=True)
    path = folder / "config" / "training.toml"
    path.write_text(
        f"""
task = "classifier"
seed = 7
description = "Separates two kinds."
gate = {{}}
limits = {{size_bytes = 1000, prediction_ms = 2}}
reference = {{bins = 4, golden_cases = 3}}
card = {{intended_use = "To be tried.", limitations = "Anything else."}}
{extra}
""",
        encoding="utf-8",
    )
    return load_config(path)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project that reads tables from files."""
    project = Project("nowhere")
    monkeypatch.setattr(project, "load", Table.read)
    return project


FILES = 'data = {path = "train.csv", test_path = "test.csv", target = "kind"}'


def test_given_test_files_are_the_test_rows(tmp_path: Path, reader: Project) -> None:
    frame = pd.DataFrame({"size": np.arange(20) / 3, "kind": ["a", "b"] * 10})
    frame.to_csv(tmp_path / "train.csv", index=False)
    # Other columns first, and a gap that the training data do not have.
    later = pd.DataFrame({"kind": ["b", "a", "b"], "size": [1.5, None, 2.5]})
    later.to_csv(tmp_path / "test.csv", index=False)

    parts = load_splits(reader, write_project(tmp_path, FILES + "\nsplit = {calibration_size=0.3}"))

    assert [len(part) for part in parts] == [14, 6, 3]
    assert parts.test.target.tolist() == ["b", "a", "b"]
    assert parts.test.rows["size"].tolist()[::2] == [1.5, 2.5]
    assert parts.training.describe()[0].nullable


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        pytest.param({"kind": ["a", "b"], "size_": [1, 2]}, "size: no such column", id="missing"),
        pytest.param({"kind": ["a", "b"], "size": ["x", "y"]}, "size: ", id="other type"),
    ],
)
def test_test_files_with_other_columns_are_refused(
    tmp_path: Path, reader: Project, test: dict[str, Any], complaint: str
) -> None:
    frame = pd.DataFrame({"size": np.arange(20) / 3, "kind": ["a", "b"] * 10})
    frame.to_csv(tmp_path / "train.csv", index=False)
    pd.DataFrame(test).to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(InvalidInputError) as caught:
        load_splits(reader, write_project(tmp_path, FILES))
    assert any(
        f"{each.pointer}: {each.detail}".startswith(complaint) for each in caught.value.errors
    )


def test_a_group_in_both_files_is_refused(tmp_path: Path, reader: Project) -> None:
    frame = pd.DataFrame(
        {"size": np.arange(20) / 3, "who": np.repeat(list("vwxyz"), 4), "kind": ["a", "b"] * 10}
    )
    frame.to_csv(tmp_path / "train.csv", index=False)
    frame.head(8).to_csv(tmp_path / "test.csv", index=False)
    config = write_project(tmp_path, FILES + '\nsplit = {by = "group", column = "who"}')
    with pytest.raises(TrainingError, match=r"2 groups are in the training and in the test .*'v'"):
        load_splits(reader, config)


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        pytest.param([0, 1], ("0", "1"), id="integers"),
        pytest.param([1.0, 2.0], ("1", "2"), id="whole floats"),
        pytest.param([0.5, 2.0], ("0.5", "2"), id="floats"),
        pytest.param([True, False], ("False", "True"), id="booleans"),
        pytest.param(["1.0", "2.0"], ("1", "2"), id="whole floats as text in the file"),
    ],
)
def test_a_classifier_takes_numbers_and_truths_as_labels(
    tmp_path: Path, reader: Project, target: list[Any], labels: tuple[str, ...]
) -> None:
    frame = pd.DataFrame({"size": np.arange(20) / 3, "kind": target * 10})
    frame.to_csv(tmp_path / "train.csv", index=False)
    config = write_project(tmp_path, 'data = {path = "train.csv", target = "kind"}')
    training = load_splits(reader, config).training
    assert CLASSIFIER.labels_of(training.target.tolist()) == labels


@pytest.mark.parametrize("split_", ['by = "time"', 'column = "date"', 'by = "index"'])
def test_a_split_that_is_not_complete_is_refused(tmp_path: Path, split_: str) -> None:
    with pytest.raises(ConfigurationError, match="split"):
        write_project(tmp_path, f'data = {{path = "a.csv", target = "b"}}\nsplit = {{{split_}}}')


def test_texts_are_split_by_a_column_as_well() -> None:
    frame = pd.DataFrame(
        {"text": [f"word {i}" for i in range(20)], "who": np.repeat(list("vwxyz"), 4)}
    ).assign(kind=["a", "b"] * 10)
    texts = Texts.from_frame(frame, target="kind", split_column="who")
    parts = split(texts, SplitSection(by="group", column="who"), CLASSIFIER, 1)
    assert list(parts.training.rows.columns) == ["text"]
    assert not set(values(parts.training)) & set(values(parts.test))

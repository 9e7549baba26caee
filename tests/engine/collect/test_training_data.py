"""Collected rows beside the sample are read as if they stood in it, whatever the types."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import InvalidInputError
from modelserve.manifest import Feature
from modelserve.training.reading.files import find_files
from modelserve.training.sections import DataSection
from modelserve.training.table.table import Table
from modelserve.training.text.texts import Texts

from tests.engine.collect.records import (
    MIXED,
    NUMBER,
    TEXT,
    make_manifest,
    make_record,
    make_truth,
    nullable,
)

Collect = Callable[..., Any]
OUTPUTS = ["new.parquet", "new.csv", "new.csv.gz", "new.jsonl"]
TARGETS = {
    "texts": (["no", "yes"], ["yes", "no"]),
    "numbers": (["0", "1"], ["1", "0"]),
    "fractions": (["0.5", "1.5"], ["1.5", "0.5"]),
    "booleans": (["False", "True"], ["True", "False"]),
    "new-labels": (["0", "1"], ["1", "perhaps"]),
    "values": ([], ["7", "8.5"]),
}
ODD = 'price, "net"\nin €'


def sample(path: Path, header: str, *lines: str) -> Path:
    """Write a CSV file of training data."""
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("labels", "truths"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_table_has_the_types_that_the_sample_alone_has(
    collect: Collect, tmp_path: Path, output: str, gaps: bool, labels: list[str], truths: list[str]
) -> None:
    features = nullable(MIXED) if gaps else MIXED
    rows = [
        {"size": 2, "rooms": 5, "new": False, "zip": "02"},
        {"size": 3.5, "rooms": 6, "new": True, "zip": "03"},
    ]
    if gaps:
        rows[1] = {"zip": None}
    values = labels or ["1.5", "2.5"]
    first = sample(
        tmp_path / "sample.csv",
        "zip,size,rooms,new,sold",
        *(
            f"0{i % 2 + 1},{i}.25,{i},{'true' if i % 2 else 'false'},{values[i % 2]}"
            for i in range(6)
        ),
        *([f",,,,{values[0]}"] if gaps else []),
    )
    collect(
        [make_record(1, rows)],
        [make_truth(1, each, row=i) for i, each in enumerate(truths)],
        manifest=make_manifest(*features, labels=labels),
        output=output,
    )
    alone = Table.read(DataSection(path=first, target="sold"))
    both = Table.read(DataSection(path=(first, tmp_path / output), target="sold"))
    assert len(both) == len(alone) + 2
    assert {name: each.dtype for name, each in both.rows.items()} == {
        name: each.dtype for name, each in alone.rows.items()
    }
    added = both.rows.iloc[-2:][["size", "rooms", "new", "zip"]].astype(object)
    expected = [[2.0, 5, False, "02"], [None] * 4 if gaps else [3.5, 6, True, "03"]]
    assert added.where(added.notna(), None).to_numpy().tolist() == expected
    assert list(map(str, both.target.iloc[-2:])) == list(map(str, _read(truths, both.target.dtype)))


def _read(truths: list[str], dtype: Any) -> list[Any]:
    """Return truths as a column of a dtype has them."""
    return [float(each) for each in truths] if dtype == "Float64" else truths


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("labels", [["bad", "good"], ["0", "1"]], ids=["texts", "numbers"])
def test_texts_stay_as_they_were_sent(
    collect: Collect, tmp_path: Path, output: str, labels: list[str]
) -> None:
    odd = ['says "no",\nreally', "carriage\rreturn", "NA", "007", " spaces ", "Füße 🙂", "="]
    first = sample(tmp_path / "sample.csv", "text,sold", f"one,{labels[0]}", f"two,{labels[1]}")
    collect(
        [make_record(1, [{"text": text} for text in odd])],
        [make_truth(1, labels[i % 2], row=i) for i in range(len(odd))],
        manifest=make_manifest(TEXT, labels=labels),
        output=output,
    )
    both = Texts.read(DataSection(path=(first, tmp_path / output), target="sold"))
    assert both.texts == ["one", "two", *odd]
    assert both.target.tolist() == [*labels, *(labels[i % 2] for i in range(len(odd)))]


@pytest.mark.parametrize("output", OUTPUTS)
def test_columns_may_have_any_name(collect: Collect, tmp_path: Path, output: str) -> None:
    names = [ODD, "Größe", " a b ", "x\ry"]
    features = [NUMBER.model_copy(update={"name": name}) for name in names]
    collect(
        [make_record(1, [{name: i + 0.5 for i, name in enumerate(names)}])],
        [make_truth(1, "no")],
        manifest=make_manifest(*features),
        output=output,
        target="sold, or\nnot",
    )
    frame = Table.read_frame(DataSection(path=tmp_path / output, target="sold"))
    assert list(frame.columns) == [*names, "sold, or\nnot"]
    assert frame.iloc[0].tolist() == [0.5, 1.5, 2.5, 3.5, "no"]


@pytest.mark.parametrize("outputs", [*itertools.permutations(("sample.csv", "new.parquet"))])
def test_columns_that_training_does_not_use_may_be_lacking(
    collect: Collect, tmp_path: Path, outputs: tuple[str, str]
) -> None:
    lines = (f"{i},why,{i}.5,{'no' if i % 2 else 'yes'}" for i in range(4))
    sample(tmp_path / "sample.csv", "id,note,size,sold", *lines)
    collect([make_record(1, [{"size": 9}])], [make_truth(1, "yes")], output="new.parquet")
    paths = tuple(tmp_path / name for name in outputs)
    section = DataSection(path=paths, target="sold", index="id", drop=("note",))
    table = Table.read(section)
    assert sorted(table.rows["size"]) == [0.5, 1.5, 2.5, 3.5, 9.0]
    with pytest.raises(InvalidInputError, match="problem"):
        Table.read(section.model_copy(update={"drop": ()}))


def test_a_word_among_the_numbers_of_another_format_is_refused_as_in_one(
    collect: Collect, tmp_path: Path
) -> None:
    first = sample(tmp_path / "sample.csv", "size,sold", "1,no", "2,yes", "many,no", "4,yes")
    collect([make_record(1, [{"size": 9}])], [make_truth(1, "yes")], output="new.parquet")
    section = DataSection(path=(first, tmp_path / "new.parquet"), target="sold")
    with pytest.raises(InvalidInputError) as refused:
        Table.read(section)
    assert [each.pointer for each in refused.value.errors] == ["size"]


def test_a_folder_with_collected_rows_has_no_provenance_in_it(
    collect: Collect, tmp_path: Path
) -> None:
    for output in ("data/new.csv", "data/new.jsonl"):
        collect([make_record(1, [{"size": 9}])], [make_truth(1, "yes")], output=output)
    for path in (tmp_path / "data", tmp_path / "data" / "*"):
        assert [file.name for file in find_files((path,), None)] == ["new.csv", "new.jsonl"]


def test_a_feature_of_each_type_takes_what_the_service_takes(
    collect: Collect, tmp_path: Path
) -> None:
    given: dict[str, list[Any]] = {
        "size": [1, 2.5, "3.5", 10**400, True, float("inf"), "four"],
        "rooms": [1, 2.0, "3", 10**19, True, 2.5, "four"],
        "new": [True, 0, "yes", 1.0, "off", 2, "four"],
        "zip": ["01", "03", "x\x00y", 7, True, 1.5, ["01"]],
    }
    written = {
        "size": [1.0, 2.5, 3.5],
        "rooms": [1, 2, 3],
        "new": [True, False, True, True, False],
        "zip": ["01", "03", "x\x00y"],
    }
    for feature in MIXED:
        cells = given[feature.name]
        counts = collect(
            [make_record(i, [{feature.name: cell}]) for i, cell in enumerate(cells)],
            [make_truth(i, "no") for i in range(len(cells))],
            manifest=make_manifest(feature),
        ).counts
        frame = Table.read_frame(DataSection(path=tmp_path / "new.jsonl", target="sold"))
        assert frame[feature.name].tolist() == written[feature.name]
        assert counts.misfit == {feature.name: len(cells) - counts.written}


def test_features_come_in_the_order_of_the_manifest(collect: Collect, tmp_path: Path) -> None:
    features: list[Feature] = [NUMBER.model_copy(update={"name": name}) for name in "cab"]
    collect(
        [make_record(1, [{"a": 1, "b": 2, "c": 3}])],
        [make_truth(1, "no")],
        manifest=make_manifest(*features),
        output="new.csv",
    )
    assert (tmp_path / "new.csv").read_text() == "c,a,b,sold\n3.0,1.0,2.0,no\n"

"""The output repeats the columns that the model does not have, so that answers can be joined."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor, Shard
from modelserve.batch.tables import free_names
from modelserve.errors import MalformedError, ModelError
from modelserve.training.config import Config

from tests.engine.batch.files import Row, read, rejected, write_csv, write_lines

FAMILIES = ("iris", "diabetes", "sentiment")


def read_csv(path: Path, separator: str = ",") -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


@pytest.fixture
def answer_columns(trained: Artifact) -> list[str]:
    """Return the columns of the answers of this model."""
    manifest = trained.manifest
    warnings = ["warnings"] if manifest.modality == "text" else []
    if manifest.labels:
        return ["label", *(f"probability_{label}" for label in manifest.labels), *warnings]
    return ["value", "lower", "upper"]


def test_every_row_of_the_training_data_is_answered(
    batch: BatchPredictor, config: Config, output: Path
) -> None:
    counts = batch.run(config.data.path, output)

    assert counts.rejected == 0
    truths = read_csv(config.data.path)
    answers = read(output)
    kept = config.data.target if config.data.target in answers[0] else ""
    kept = kept if kept not in ("label", "value") else f"input_{kept}"
    assert [each[kept] for each in answers] == [each[config.data.target] for each in truths]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_columns_are_kept_in_their_order_before_the_answer(
    batch: BatchPredictor,
    row: Row,
    tmp_path: Path,
    answer_columns: list[str],
    suffix: str,
) -> None:
    first = next(iter(row))
    given = {"note": 'a "b", c', first: row[first], "id": "007"} | row
    write = write_csv if suffix == ".csv" else lambda path, rows: write_lines(path, rows)
    source, output = write(tmp_path / f"rows{suffix}", [given]), tmp_path / "answers.csv"

    batch.run(source, output)

    (answer,) = read_csv(output)
    assert list(answer) == ["row", "note", "id", *answer_columns]
    assert (answer["row"], answer["note"], answer["id"]) == ("0", 'a "b", c', "007")


def with_index(project: Project, trained: Artifact, index: str) -> BatchPredictor:
    """Return a batch of a model whose training data had an index column."""
    data = trained.manifest.data.model_copy(update={"index": index})
    manifest = trained.manifest.model_copy(update={"data": data})
    artifact = replace(trained, manifest=manifest)
    return BatchPredictor(project.service_class(project.load_settings(), artifact=artifact))


def test_the_index_comes_first(
    project: Project, trained: Artifact, row: Row, tmp_path: Path
) -> None:
    indexed = with_index(project, trained, "id")
    source, output = tmp_path / "rows.csv", tmp_path / "answers.csv"
    indexed.run(write_csv(source, [{"note": "x"} | row | {"id": "7"}]), output)
    assert list(read_csv(output)[0])[:3] == ["row", "id", "note"]
    indexed.run(write_lines(tmp_path / "rows.jsonl", [{"note": "x"} | row | {"id": 7}]), output)
    assert list(read_csv(output)[0])[:3] == ["row", "id", "note"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_all_columns_are_kept_or_none(
    batch: BatchPredictor, row: Row, tmp_path: Path, answer_columns: list[str], suffix: str
) -> None:
    write = write_csv if suffix == ".csv" else lambda path, rows: write_lines(path, rows)
    source, output = write(tmp_path / f"rows{suffix}", [{"id": "7"} | row]), tmp_path / "o.csv"

    batch.run(source, output, keep="all")
    (whole,) = read_csv(output)
    batch.run(source, output, keep="none")
    (bare,) = read_csv(output)

    assert list(whole) == ["row", "id", *row, *answer_columns]
    assert [whole[name] for name in row] == [str(value) for value in row.values()]
    assert list(bare) == ["row", *answer_columns]


def test_a_column_named_as_a_field_of_the_answer_gets_a_prefix(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path, answer_columns: list[str]
) -> None:
    taken = ["row", *answer_columns]
    source = write_csv(tmp_path / "rows.csv", [dict.fromkeys(taken, "mine") | row])
    table = tmp_path / "answers.csv"

    batch.run(source, output)
    batch.run(source, table)

    (answer,), (line,) = read(output), read_csv(table)
    assert [line[f"input_{name}"] for name in taken] == ["mine"] * len(taken)
    assert answer["row"] == 0
    assert answer["input_row"] == "mine"
    assert answer[f"input_{answer_columns[0]}"] == "mine"
    assert answer[answer_columns[0]] != "mine"


@pytest.mark.parametrize(
    ("names", "taken", "free"),
    [
        pytest.param(["a", "b"], ["c"], ["a", "b"], id="free"),
        pytest.param(["a"], ["a"], ["input_a"], id="taken"),
        pytest.param(["input_a", "a"], ["a"], ["input_a", "input_input_a"], id="prefix taken"),
    ],
)
def test_names_stay_distinct(names: list[str], taken: list[str], free: list[str]) -> None:
    assert free_names(names, taken) == free


def test_two_columns_of_the_same_name_are_kept_apart(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    source = tmp_path / "rows.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [["a", *row, "a", "a.1"], ["1", *row.values(), "2", "3"]],
        )
    batch.run(source, output)
    (answer,) = read(output)
    assert [answer[name] for name in ("a", "a.2", "a.1")] == ["1", "2", "3"]


def test_fields_of_json_keep_their_types_and_stay_absent(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path
) -> None:
    values = [{"id": 1, "tags": ["a", None]}, {"other": {"x": 1.5}}, {"id": "two", "flag": True}]
    batch.run(write_lines(tmp_path / "rows.jsonl", [row | each for each in values]), output)
    names = ("id", "tags", "other", "flag")
    kept = [{name: each[name] for name in names if name in each} for each in read(output)]
    assert kept == values


def test_fields_of_json_are_the_columns_of_a_table(
    batch: BatchPredictor, row: Row, tmp_path: Path
) -> None:
    values = [{"id": 1, "tags": ["a", None]}, {"flag": True, "share": 0.5}, {"id": None}]
    output = tmp_path / "answers.csv"
    batch.run(write_lines(tmp_path / "rows.jsonl", [row | each for each in values]), output)
    kept = [[each[name] for name in ("id", "tags", "flag", "share")] for each in read_csv(output)]
    assert kept == [["1", '["a",null]', "", ""], ["", "", "true", "0.5"], ["", "", "", ""]]


def test_a_field_that_appears_late_does_not_fit_a_table(
    batch: BatchPredictor, row: Row, tmp_path: Path, output: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("modelserve.batch.json_source.LOOKED_AT", 2)
    source = write_lines(tmp_path / "rows.jsonl", [row, row, row | {"late": 1}])
    table = output.with_name("answers.csv")
    with pytest.raises(MalformedError, match=r"the field 'late', which .* write a \.jsonl file"):
        batch.run(source, table)
    assert list(output.parent.iterdir()) == []
    batch.run(source, table, keep="none")
    assert len(read_csv(table)) == 3
    batch.run(source, output)
    assert read(output)[2]["late"] == 1


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_files_of_all_shards_are_the_whole_file(
    batch: BatchPredictor, golden: list[Any], tmp_path: Path, suffix: str, count: int
) -> None:
    rows = [case["input"] | {"id": f"{i:02}"} for i, case in enumerate(golden)]
    spoilt = [*rows[:4], rows[4] | dict.fromkeys(golden[0]["input"], ""), *rows[5:]]
    source = write_csv(tmp_path / "rows.csv", spoilt)
    output = tmp_path / f"answers{suffix}"

    def lines(shard: Shard) -> list[str]:
        batch.run(source, output, shard=shard)
        problems = rejected(output)
        refused = problems.read_text("utf-8").splitlines() if problems.exists() else []
        return output.read_text("utf-8").splitlines() + refused

    parts = [line for index in range(count) for line in lines(Shard(index, count))]

    assert sorted({*parts}) == sorted({*lines(Shard())})


class Talkative:
    """What a project's postprocess may answer."""

    def postprocess(self, predictions: Any, rows: Any) -> Any:
        """Return answers with a field of their own, and nothing of the model's probabilities."""
        del rows
        return [{"note": i % 2, "label": "mine", "more": {"a": 1}} for i in range(len(predictions))]


class Fickle:
    """A postprocess whose answers differ in their fields."""

    def postprocess(self, predictions: Any, rows: Any) -> Any:
        """Return answers with different fields."""
        del rows
        return [{"note": 1} if i % 2 else {} for i in range(len(predictions))]


def with_hook(project: Project, trained: Artifact, hook: type) -> BatchPredictor:
    """Return a batch of the project's service with a hook."""
    service: Any = type("Hooked", (hook, project.service_class), {})
    return BatchPredictor(service(project.make_service(trained.folder).settings))


def test_fields_of_postprocess_are_columns(
    project: Project, trained: Artifact, row: Row, tmp_path: Path, output: Path
) -> None:
    hooked = with_hook(project, trained, Talkative)
    source = write_csv(tmp_path / "rows.csv", [row | {"note": "x", "id": "7"}] * 2)
    table = tmp_path / "answers.csv"

    hooked.run(source, output)
    hooked.run(source, table)

    assert [each["note"] for each in read(output)] == [0, 1]
    assert [each["input_note"] for each in read(output)] == ["x", "x"]
    lines = read_csv(table)
    assert list(lines[0])[:6] == ["row", "input_note", "id", "note", "label", "more_a"]
    assert [each["note"] for each in lines] == ["0", "1"]


def test_answers_of_different_fields_do_not_fit_a_table(
    project: Project, trained: Artifact, row: Row, tmp_path: Path, output: Path
) -> None:
    hooked = with_hook(project, trained, Fickle)
    source = write_lines(tmp_path / "rows.jsonl", [row] * 2)
    with pytest.raises(ModelError, match=r"different fields, .* write a \.jsonl file"):
        hooked.run(source, tmp_path / "answers.csv")
    hooked.run(source, output)
    assert [json.dumps(each) for each in read(output)] == ['{"row": 0}', '{"row": 1, "note": 1}']


def test_a_field_is_added_to_each_answer(
    project: Project, trained: Artifact, row: Row, tmp_path: Path, output: Path
) -> None:
    further = {"spread": lambda given, outputs: (outputs.max(axis=1) * 0 + given.rows).tolist()}
    batch = BatchPredictor(project.make_service(trained.folder), further=further)
    source = write_lines(tmp_path / "rows.jsonl", [row, {}, row])
    table = tmp_path / "answers.csv"
    batch.run(source, output)
    batch.run(source, table)
    assert [each["spread"] for each in read(output)] == [2.0, 2.0]
    assert [each["spread"] for each in read_csv(table)] == ["2.0", "2.0"]

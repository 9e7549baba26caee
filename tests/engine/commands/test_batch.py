"""`batch` answers a file, or the shard of it that a scheduler assigns."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.commands.run import Command, one_line


def test_batch_prints_where_the_answers_are(
    command: Command, trained: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    done = command("batch", "rows.jsonl", "answers.jsonl", "--model", trained.folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.lstrip().startswith("answers.jsonl")
    assert {"rows answered 1", "out of the training range 0, 0.0%"} <= done.rows
    assert [line for line in done.rows if line.startswith("rows per second ")]


def test_batch_exits_with_2_when_rows_are_rejected(
    command: Command, trained: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps(row) + "\nnothing\n", encoding="utf-8")
    done = command("batch", "rows.jsonl", "answers.jsonl", "--model", trained.folder)
    assert done.code == 2
    assert {"rows answered 1", "rows rejected 1, see answers.jsonl.rejected"} <= done.rows
    assert one_line(done.err) == "error: rows rejected: 1; answers.jsonl.rejected has the reasons."
    assert Path("answers.jsonl.rejected").is_file()


def test_batch_repeats_what_it_is_told_to(
    command: Command, trained: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps({"id": 7} | row), encoding="utf-8")
    heads = {}
    for keep in ("others", "all", "none"):
        words = ["rows.jsonl", "out.csv", "--keep", keep, "--model", trained.folder]
        assert command("batch", *words).code == 0
        heads[keep] = Path("out.csv").read_text("utf-8").splitlines()[0].split(",")
    assert heads["others"][:2] == ["row", "id"]
    assert heads["all"][: 2 + len(row)] == ["row", "id", *row]
    assert heads["none"] == ["row", *heads["others"][2:]]


@pytest.mark.parametrize(
    ("index", "count"),
    [
        pytest.param("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", id="Cloud Run"),
        pytest.param("JOB_COMPLETION_INDEX", "--shard-count", id="Kubernetes"),
        pytest.param("AWS_BATCH_JOB_ARRAY_INDEX", "--shard-count", id="AWS Batch"),
    ],
)
def test_a_scheduler_gives_each_task_its_shard(
    command: Command, trained: Artifact, row: dict[str, Any], index: str, count: str
) -> None:
    Path("rows.jsonl").write_text(f"{json.dumps(row)}\n" * 5, encoding="utf-8")
    os.environ[index] = "1"
    options = [count, "2"] if count.startswith("-") else []
    if not options:
        os.environ[count] = "2"

    done = command("batch", "rows.jsonl", "out.jsonl", "--model", trained.folder, *options)

    assert done.code == 0
    lines = Path("out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == [1, 3]


def test_a_shard_index_out_of_range_is_rejected(command: Command) -> None:
    done = command("batch", "rows.jsonl", "out.jsonl", "--shard-index", "1")
    assert done.code == 2
    assert one_line(done.err) == (
        "error: There is no shard 1 of 1: the index starts at 0. "
        "Set --shard-count to the number of tasks."
    )


def test_batch_explains_each_answer_if_asked(
    command: Command, trained: Artifact, row: dict[str, Any]
) -> None:
    Path("rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    words = ["rows.jsonl", "answers.jsonl", "--model", trained.folder]
    assert command("batch", *words, "--explain").code == 0
    answer = json.loads(Path("answers.jsonl").read_text("utf-8"))
    assert {f"contribution_{name}" for name in row} <= answer.keys()
    assert command("batch", *words).code == 0
    assert "base" not in json.loads(Path("answers.jsonl").read_text("utf-8"))

"""`batch` answers folders of files, with a shard for each task of a scheduler."""

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact

from tests.engine.commands.run import Command, one_line


@pytest.fixture(autouse=True)
def rows(command: Command, row: dict[str, Any]) -> None:
    """Write rows to two files in the command's folder; the last one of the second is invalid."""
    del command
    Path("rows").mkdir()
    line = f"{json.dumps(row)}\n"
    Path("rows/a.jsonl").write_text(line * 3, encoding="utf-8")
    Path("rows/b.jsonl").write_text(f"{line}nothing\n", encoding="utf-8")


def test_batch_prints_what_a_shard_answered_and_skips_it_then(
    command: Command, trained: Artifact
) -> None:
    os.environ["CLOUD_RUN_TASK_INDEX"] = "0"
    os.environ["CLOUD_RUN_TASK_COUNT"] = "2"
    words = ("rows", "answers/", "--model", trained.folder)

    first, again = command("batch", *words), command("batch", *words)

    assert (first.code, first.err) == (0, "")
    assert "rows answered 3" in first.rows
    assert "shards complete: 1 of 2" in first.out
    assert (again.code, again.err) == (0, "")
    assert again.out == (
        "shard 0 is complete: 3 rows were answered before\nshards complete: 1 of 2\n"
    )


def test_batch_exits_with_2_when_rows_of_a_shard_are_or_were_rejected(
    command: Command, trained: Artifact
) -> None:
    words = ("rows/*.jsonl", "answers", "--model", trained.folder, "--format", "csv")
    for _ in range(2):
        done = command("batch", *words)
        assert done.code == 2
        assert one_line(done.err) == (
            "error: rows rejected: 1; answers/_rejected-00000-of-00001.jsonl has the reasons."
        )
    assert Path("answers/part-00000-of-00001.csv").is_file()


def test_batch_refuses_a_folder_of_another_job_until_it_may_overwrite(
    command: Command, trained: Artifact
) -> None:
    words = ("rows/a.jsonl", "answers/", "--model", trained.folder)
    assert command("batch", *words).code == 0
    refused = command("batch", *words, "--keep", "none")
    assert refused.code == 2
    assert "has shards of another job" in refused.err
    assert "--overwrite" in refused.err
    assert command("batch", *words, "--keep", "none", "--overwrite").code == 0


@pytest.mark.parametrize(
    "option", [["--format", "csv"], ["--overwrite"], ["--shard-by", "rows"], ["--ray", "auto"]]
)
def test_options_of_folders_are_rejected_for_a_file(command: Command, option: list[str]) -> None:
    done = command("batch", "rows/a.jsonl", "answers.jsonl", *option)
    assert done.code == 2
    assert one_line(done.err) == (
        "error: --format, --overwrite, --shard-by and --ray are about a folder of answers: "
        "end OUTPUT with a /."
    )


def test_a_cluster_answers_whole_jobs_only(command: Command) -> None:
    done = command("batch", "rows", "answers/", "--ray", "auto", "--explain")
    assert done.code == 2
    assert one_line(done.err).startswith("error: --ray answers all shards, without --explain;")


def test_without_ray_the_extra_is_named(command: Command) -> None:
    if importlib.util.find_spec("ray"):
        pytest.skip("Ray is installed here")
    done = command("batch", "rows", "answers/", "--ray", "auto")
    assert done.code == 2
    assert one_line(done.err) == (
        "error: ray is not installed, which --ray needs; in pyproject.toml, add ray to the "
        "brackets behind modelserve."
    )

"""A shard of a batch job is answered once, is whole or absent, and is never mixed with others."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from modelserve.batch import BatchJob, BatchPredictor, Shard
from modelserve.batch.storage import LocalFolder
from modelserve.errors import MalformedError

from tests.engine.batch.files import Row, write_lines
from tests.engine.batch.folders import names, read_parts, write_many


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_shard_has_a_manifest_and_the_last_one_marks_success(
    job: Callable[..., BatchJob], batch: BatchPredictor, many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", [*many, {}, {}], files=4)

    first = job(source).run(Shard(0, 2))
    assert (first.done, names(out)) == (
        1,
        ["_part-00000-of-00002.json", "part-00000-of-00002.jsonl"],
    )
    second = job(source).run(Shard(1, 2))
    assert second.done == 2
    assert names(out) == [
        "_SUCCESS",
        "_part-00000-of-00002.json",
        "_part-00001-of-00002.json",
        "_rejected-00001-of-00002.jsonl",
        "part-00000-of-00002.jsonl",
        "part-00001-of-00002.jsonl",
    ]
    found = [json.loads(path.read_bytes()) for path in sorted(out.glob("_part-*"))]
    assert [each["rows"] for each in found] == [32, 28]
    assert [each["rejected"] for each in found] == [0, 2]
    assert [each["shard"] for each in found] == [0, 1]
    assert found[0]["job"] == found[1]["job"]
    assert found[0]["job"]["model_version"] == batch.manifest.version
    problem = json.loads(
        (out / "_rejected-00001-of-00002.jsonl").read_text("utf-8").splitlines()[0]
    )
    assert (problem["file"], problem["row"], problem["line"]) == ("03.jsonl", 12, 13)


def test_a_complete_shard_is_not_answered_again(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", [*many, {}], files=3)
    for index in range(2):
        job(source).run(Shard(index, 2))
    before = contents(out)
    (out / "_rejected-00001-of-00002.jsonl").touch()

    again = job(source).run(Shard(1, 2))

    assert (again.counts, again.done, again.manifest.rejected) == (None, 2, 1)
    assert contents(out) == before
    replaced = job(source).run(Shard(1, 2), overwrite=True)
    assert replaced.counts
    assert replaced.counts.rejected == 1
    assert contents(out) == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, OSError, MemoryError])
def test_an_interrupted_shard_leaves_nothing_and_is_answered_again(
    job: Callable[..., BatchJob],
    many: list[Row],
    tmp_path: Path,
    out: Path,
    stop: type[BaseException],
) -> None:
    source = write_many(tmp_path / "rows", many, files=4)
    job(source).run(Shard(0, 2))
    before = contents(out)

    def interrupt(*_: object) -> None:
        raise stop

    expected = MalformedError if stop is OSError else stop
    with pytest.raises(expected):
        job(source).run(Shard(1, 2), watch=interrupt)
    assert contents(out) == before

    job(source).run(Shard(1, 2))
    whole = BatchJob(job(source).predictor, str(source), str(tmp_path / "one")).run()
    assert whole.done == 1
    assert read_parts(out) == read_parts(tmp_path / "one")


def test_a_job_that_is_answered_again_is_no_success_meanwhile(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=2)
    job(source).run()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job(source).run(overwrite=True, watch=interrupt)
    assert names(out) == ["part-00000-of-00001.jsonl"]


@pytest.mark.parametrize(
    "lost", ["part-00000-of-00002.jsonl", "manifest", "a byte", "a manifest's end"]
)
def test_a_shard_that_lost_a_file_is_answered_again(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path, lost: str
) -> None:
    source = write_many(tmp_path / "rows", many, files=4)
    for index in range(2):
        job(source).run(Shard(index, 2))
    before = contents(out)
    (manifest,) = out.glob("_part-00000-*")
    if lost == "manifest":
        manifest.unlink()
    elif lost == "a manifest's end":
        manifest.write_bytes(manifest.read_bytes()[:-9])
    elif lost == "a byte":
        part = out / "part-00000-of-00002.jsonl"
        part.write_bytes(part.read_bytes()[:-1])
    else:
        (out / lost).unlink()

    assert job(source).run(Shard(0, 2)).counts
    assert contents(out) == before


def test_a_shard_without_an_answer_has_a_manifest_only(
    job: Callable[..., BatchJob], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", [], files=1)
    finished = job(source, format="parquet").run()
    assert (finished.manifest.rows, finished.manifest.part) == (0, None)
    assert names(out) == ["_SUCCESS", "_part-00000-of-00001.json"]
    assert job(source, format="parquet").run().counts is None


CHANGES = {
    "another number of shards": {"count": 3},
    "another format": {"format": "csv"},
    "another choice of columns": {"keep": "none"},
    "shards of rows": {"division": "rows"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_shards_of_another_job_are_never_mixed(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path, change: str
) -> None:
    source = write_many(tmp_path / "rows", many, files=4)
    job(source).run(Shard(0, 2))
    before = contents(out)
    options = dict(CHANGES[change])
    count = options.pop("count", 2)

    with pytest.raises(MalformedError, match=r"has shards of another job: .*--overwrite"):
        job(source, **options).run(Shard(1, count))
    assert contents(out) == before

    for index in range(count):
        job(source, **options).run(Shard(index, count), overwrite=True)
    ours = {path.name for path in out.iterdir()}
    assert (out / "_SUCCESS").is_file()
    assert len(ours) == 2 * count + 1
    assert all(f"-of-{count:05d}" in name for name in ours - {"_SUCCESS"})


def test_changed_rows_are_another_job(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=4)
    job(source).run(Shard(0, 2))
    status = (source / "03.jsonl").stat()
    os.utime(source / "03.jsonl", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(MalformedError, match=r"differs in source \(.* there\)\. Choose another"):
        job(source).run(Shard(1, 2))


def test_another_version_of_the_model_is_another_job(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=4)
    job(source).run(Shard(0, 2))
    predictor = job(source).predictor
    before = predictor.manifest
    predictor.manifest = before.model_copy(update={"version": "99.0.0"})
    try:
        with pytest.raises(MalformedError, match=rf"model_version \({before.version} there\)"):
            job(source).run(Shard(1, 2))
    finally:
        predictor.manifest = before


def test_rows_that_change_while_they_are_read_are_not_answered(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=2)

    def change(*_: object) -> None:
        write_lines(source / "02.jsonl", [{}])

    with pytest.raises(MalformedError, match="its files changed while they were read"):
        job(source).run(watch=change)
    assert not list(out.iterdir())


def test_a_job_of_another_kind_that_begins_meanwhile_is_noticed(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=2)

    def begin(*_: object) -> None:
        job(source).run(Shard(0, 2))

    with pytest.raises(MalformedError, match="has shards of another job"):
        job(source).run(watch=begin)
    assert names(out) == ["_part-00000-of-00002.json", "part-00000-of-00002.jsonl"]


def test_a_task_that_runs_twice_writes_one_file(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    source = write_many(tmp_path / "rows", many, files=2)

    def run_again(*_: object) -> None:
        if not out.joinpath("_SUCCESS").exists():
            job(source).run()

    job(source).run(watch=run_again)
    assert len(read_parts(out)) == len(many)
    assert names(out) == ["_SUCCESS", "_part-00000-of-00001.json", "part-00000-of-00001.jsonl"]


def test_partial_files_of_other_programs_stay(
    job: Callable[..., BatchJob], many: list[Row], tmp_path: Path, out: Path
) -> None:
    out.mkdir()
    (out / ".answers.jsonl.part").touch()  # as of `predict` with an output of one file
    (out / ".part-00000-of-00001.jsonl.0123456789ab.part").touch()  # of a killed shard
    job(write_many(tmp_path / "rows", many, files=1)).run()
    assert [name for name in names(out) if name.startswith(".")] == [".answers.jsonl.part"]


def test_a_file_that_is_renamed_while_a_folder_is_listed_has_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kept", "renamed"):
        (tmp_path / name).write_bytes(b"1234")
    scandir = os.scandir

    def list_slowly(path: Path) -> AbstractContextManager[list[os.DirEntry[str]]]:
        with scandir(path) as entries:
            listed = [*entries]
        (tmp_path / "renamed").unlink()
        return nullcontext(listed)

    monkeypatch.setattr(os, "scandir", list_slowly)
    assert LocalFolder(tmp_path).sizes() == {"kept": 4}


def test_answers_are_on_the_disk_before_they_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(names(tmp_path)))
    with LocalFolder(tmp_path).create("part") as stream:
        stream.write(b"1")
    ((partial,),) = seen
    assert partial.startswith(".part.")
    assert names(tmp_path) == ["part"]

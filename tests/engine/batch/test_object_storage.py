"""A batch job reads and writes URLs as it does folders: each file appears whole, or not at all."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.batch import BatchJob, BatchPredictor, Shard
from modelserve.batch.object_storage import RemoteFolder
from modelserve.batch.storage import find_files, overlap
from modelserve.errors import ConfigurationError, MalformedError

from tests.engine.batch.files import Row
from tests.engine.batch.folders import read_parts, write_many

fsspec = pytest.importorskip("fsspec")

SOURCE, OUT = "memory://lake/rows", "memory://lake/answers"


@pytest.fixture(autouse=True)
def memory() -> Iterator[Any]:
    """Return a file system in memory, empty before and after."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


@pytest.fixture
def source(memory: Any, many: list[Row], tmp_path: Path) -> Path:
    """Write rows to several files here and in memory; return the folder here."""
    folder = write_many(tmp_path / "rows", many, files=5)
    for path in folder.iterdir():
        memory.pipe_file(f"/lake/rows/{path.name}", path.read_bytes())
    memory.pipe_file("/lake/rows/_SUCCESS", b"")
    return folder


def names(memory: Any) -> list[str]:
    """Return the names of the files in the output."""
    return sorted(path.rpartition("/")[2] for path in memory.find("/lake/answers"))


def run(batch: BatchPredictor, shards: int, source: str = SOURCE, **options: Any) -> None:
    """Answer all shards."""
    for index in range(shards):
        BatchJob(batch, source, OUT, **options).run(Shard(index, shards))


@pytest.mark.parametrize("format_", ["csv.gz", "jsonl", "parquet"])
def test_answers_at_a_url_are_those_in_a_folder(
    batch: BatchPredictor, memory: Any, source: Path, tmp_path: Path, format_: Any
) -> None:
    run(batch, 3, format=format_)
    local = tmp_path / "local"
    for index in range(3):
        BatchJob(batch, str(source), str(local), format=format_).run(Shard(index, 3))
    memory.get("/lake/answers/", str(tmp_path / "fetched"), recursive=True)
    assert read_parts(tmp_path / "fetched")
    assert read_parts(tmp_path / "fetched") == read_parts(local)
    assert [name for name in names(memory) if name[0] != "_"] == [
        f"part-0000{index}-of-00003.{format_}" for index in range(3)
    ]
    assert "_SUCCESS" in names(memory)


def test_a_complete_shard_at_a_url_is_skipped_and_an_interrupted_one_is_not(
    batch: BatchPredictor, memory: Any, source: Path
) -> None:
    assert source.is_dir()
    job = BatchJob(batch, SOURCE, OUT)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(Shard(0, 2), watch=interrupt)
    assert "_SUCCESS" not in names(memory)
    assert not [name for name in names(memory) if name.startswith("_part")]
    assert job.run(Shard(0, 2)).counts
    assert job.run(Shard(0, 2)).counts is None
    memory.rm("/lake/answers/part-00000-of-00002.jsonl")
    assert job.run(Shard(0, 2)).counts
    with pytest.raises(MalformedError, match="has shards of another job"):
        job.run(Shard(1, 3))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("memory://lake/rows", ["00.jsonl", "01.jsonl", "02.jsonl", "03.jsonl", "04.jsonl"]),
        ("memory://lake/rows/", ["00.jsonl", "01.jsonl", "02.jsonl", "03.jsonl", "04.jsonl"]),
        (
            "memory://lake/rows/*",
            ["00.jsonl", "01.jsonl", "02.jsonl", "03.jsonl", "04.jsonl"],
        ),
        ("memory://lake/rows/0[12].*", ["01.jsonl", "02.jsonl"]),
        ("memory://lake/**/03.jsonl", ["rows/03.jsonl"]),
        ("memory://lake/rows/04.jsonl", ["04.jsonl"]),
    ],
)
def test_a_url_is_a_file_a_folder_or_a_pattern(
    source: Path, pattern: str, expected: list[str]
) -> None:
    assert source.is_dir()
    found = find_files(pattern)
    assert [each.name for each in found] == expected
    with found[-1].open() as stream:
        assert json.loads(stream.read().splitlines()[0])


def test_a_url_without_files_is_an_error() -> None:
    with pytest.raises((MalformedError, FileNotFoundError)):
        find_files("memory://nothing/here")


def test_answers_among_the_rows_of_a_url_are_noticed(source: Path) -> None:
    assert source.is_dir()
    assert overlap(SOURCE, f"{SOURCE}/answers/", find_files(SOURCE))
    assert not overlap(SOURCE, OUT, find_files(SOURCE))
    assert not overlap(SOURCE, "memory://lake/rows-2", find_files(SOURCE))


def test_a_store_that_cannot_be_listed_is_named(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("expired token")

    monkeypatch.setattr(memory, "find", fail)
    with pytest.raises(MalformedError, match=r"rows cannot be reached: RuntimeError: expired"):
        find_files(SOURCE)


@pytest.mark.parametrize("place", ["nothing://bucket/rows", "abfs://container/rows"])
def test_a_url_that_needs_a_package_names_it(place: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be opened: .*to pyproject"):
        find_files(place)


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigurationError, match="add storage to the brackets behind modelserve"):
        find_files("s3://bucket/rows")


def test_a_folder_is_listed_anew_each_time(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the last of several shards would not see that the others are complete."""
    kept: dict[str, Any] = {}
    listed = memory.ls
    monkeypatch.setattr(
        memory, "ls", lambda path, **named: kept.setdefault(path, listed(path, **named))
    )
    monkeypatch.setattr(memory, "invalidate_cache", kept.clear)
    folder = RemoteFolder(OUT)
    for name in ("one", "two"):
        memory.pipe_file(f"/lake/answers/{name}", b"")
        sizes = folder.sizes()
    assert sorted(sizes) == ["one", "two"]


def test_a_file_appears_when_its_upload_is_complete(tmp_path: Path) -> None:
    """With fsspec's local files, which publish at the commit as stores do, unlike its memory."""
    folder = RemoteFolder(tmp_path.as_uri())
    with folder.create("part") as stream:
        stream.write(b"rows")
        stream.flush()
        assert folder.sizes() == {}
    assert folder.read("part") == b"rows"
    with pytest.raises(KeyboardInterrupt), folder.create("interrupted"):
        raise KeyboardInterrupt
    assert folder.sizes() == {"part": 4}


class FailingUpload:
    """An upload to a store that fails at its end."""

    discarded = False

    def close(self) -> None:
        """Send the rest."""
        raise OSError("No space left")

    def discard(self) -> None:
        """Abort."""
        self.discarded = True


def test_an_upload_that_fails_at_its_end_is_aborted(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = FailingUpload()
    monkeypatch.setattr(memory, "open", lambda *_, **__: upload)
    with pytest.raises(OSError, match="No space left"), RemoteFolder(OUT).create("part"):
        pass
    assert upload.discarded

"""A file of lines: hidden while it grows, and whole once it has its name."""

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving import partial_file
from modelserve.serving.partial_file import PartialFile, recover

LINES = [b"one\n", b"two\n", b"three\n"]
OLD_S = 1_000
ON_POSIX = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no such modes, and holds on to open files"
)


@pytest.fixture
def file(tmp_path: Path) -> PartialFile:
    """Return a file in a folder that was not there before."""
    return PartialFile(tmp_path / "2026" / "11" / "lines.jsonl")


@pytest.fixture
def leave(tmp_path: Path) -> Callable[..., Path]:
    """Return a way to files that a killed process has left."""

    def make(content: bytes, *, name: str = ".left.jsonl.part", age_s: float = OLD_S) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, (time.time() - age_s,) * 2)
        return path

    return make


def content(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their names."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_has_its_name_once_it_is_closed_and_not_before(
    file: PartialFile, tmp_path: Path
) -> None:
    assert content(tmp_path) == {".lines.jsonl.part": b""}
    assert (file.append(LINES[:1]), file.append(LINES[1:])) == ("", "")
    assert content(tmp_path) == {".lines.jsonl.part": b"one\ntwo\nthree\n"}
    assert (file.lines, file.size) == (3, 14)
    file.close()
    assert content(tmp_path) == {"lines.jsonl": b"one\ntwo\nthree\n"}


def test_without_a_line_it_leaves_nothing(file: PartialFile, tmp_path: Path) -> None:
    file.close()
    assert not content(tmp_path)


def test_a_file_that_is_there_is_not_written_over(file: PartialFile, tmp_path: Path) -> None:
    file.append(LINES)
    with pytest.raises(FileExistsError):
        PartialFile(tmp_path / "2026" / "11" / "lines.jsonl")


@ON_POSIX
def test_nobody_else_may_read_it(file: PartialFile, tmp_path: Path) -> None:
    file.append(LINES)
    file.close()
    (path,) = tmp_path.rglob("lines.jsonl")
    assert path.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("room", range(15))
def test_a_full_disk_takes_whole_lines_and_says_why_it_took_no_more(
    file: PartialFile, tmp_path: Path, disk: Any, room: int
) -> None:
    disk.room = room
    trouble = file.append(LINES)
    whole = {range(4): 0, range(4, 8): 1, range(8, 14): 2, range(14, 15): 3}
    (lines,) = (count for rooms, count in whole.items() if room in rooms)
    assert file.lines == lines
    assert file.size == len(b"".join(LINES[:lines]))
    assert ("No space left" in trouble) == (lines < 3)
    file.close()
    assert content(tmp_path) == ({"lines.jsonl": b"".join(LINES[:lines])} if lines else {})


def test_what_comes_after_a_full_disk_follows_a_whole_line(
    file: PartialFile, tmp_path: Path, disk: Any
) -> None:
    disk.room = 6
    file.append(LINES)
    disk.room = 100
    assert file.append(LINES[1:]) == ""
    file.close()
    assert content(tmp_path) == {"lines.jsonl": b"one\ntwo\nthree\n"}


def test_a_disk_that_takes_little_at_a_time_gets_all_of_it(
    file: PartialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, some: write(descriptor, some[:1]))
    assert file.append(LINES) == ""
    file.close()
    assert content(tmp_path) == {"lines.jsonl": b"one\ntwo\nthree\n"}


def refuse_to_cut(descriptor: int, length: int) -> None:
    """Fail, as a broken disk does."""
    raise OSError(f"{descriptor} is not cut to {length}")


def test_a_disk_that_refuses_to_cut_is_given_nothing_until_it_does(
    file: PartialFile, tmp_path: Path, disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.room = 6
    file.append(LINES)
    disk.room = 100
    with monkeypatch.context() as broken:
        broken.setattr(os, "ftruncate", refuse_to_cut)
        assert "is not cut to 4" in file.append(LINES[1:])
        assert (file.lines, file.size) == (1, 4)
    assert file.append(LINES[1:]) == ""
    file.close()
    assert content(tmp_path) == {"lines.jsonl": b"one\ntwo\nthree\n"}


def test_what_cannot_be_cut_does_not_get_the_name(
    file: PartialFile, tmp_path: Path, disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.room = 6
    file.append(LINES)
    monkeypatch.setattr(os, "ftruncate", refuse_to_cut)
    with pytest.raises(OSError, match="is not cut to 4"):
        file.close()
    assert list(content(tmp_path)) == [".lines.jsonl.part"]


@ON_POSIX
def test_a_file_that_was_taken_away_cannot_be_closed(file: PartialFile, tmp_path: Path) -> None:
    file.append(LINES)
    assert file.exists()
    (path,) = tmp_path.rglob("*.part")
    path.unlink()
    assert not file.exists()
    with pytest.raises(FileNotFoundError):
        file.close()


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        pytest.param(b"one\ntwo\n", b"one\ntwo\n", id="whole"),
        pytest.param(b"one\ntw", b"one\n", id="a-line-begun"),
        pytest.param(b"on", None, id="no-whole-line"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_what_a_killed_process_has_left_is_closed_without_its_last_line_if_that_is_torn(
    leave: Callable[..., Path], tmp_path: Path, left: bytes, kept: bytes | None
) -> None:
    leave(left)
    recovered = list(recover([tmp_path], older_than_s=OLD_S - 10))
    assert recovered == ([tmp_path / "left.jsonl"] if kept else [])
    assert content(tmp_path) == ({"left.jsonl": kept} if kept else {})


def test_a_file_that_may_still_grow_is_left_alone(
    leave: Callable[..., Path], tmp_path: Path
) -> None:
    leave(b"one\ntw")
    assert not list(recover([tmp_path, tmp_path / "nowhere"], older_than_s=OLD_S + 10))
    assert content(tmp_path) == {".left.jsonl.part": b"one\ntw"}


def test_of_two_processes_that_adopt_the_quicker_one_does(
    leave: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    parts = [leave(b"one\n", name=f".{i}.jsonl.part") for i in range(3)]
    finish = partial_file._finish  # pylint: disable=protected-access

    def come_late(part: Path) -> Path | None:
        if part == parts[1]:
            finish(part)
        return finish(part)

    monkeypatch.setattr(partial_file, "_finish", come_late)
    recovered = set(recover([tmp_path], older_than_s=0))
    assert recovered == {tmp_path / "0.jsonl", tmp_path / "2.jsonl"}
    assert content(tmp_path) == {f"{i}.jsonl": b"one\n" for i in range(3)}
    assert not caplog.records


def test_one_that_cannot_be_closed_is_logged_and_stops_no_other(
    leave: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".0.jsonl.part").mkdir()
    leave(b"one\n", name=".1.jsonl.part")
    (tmp_path / ".2.jsonl.part").mkdir()
    caplog.set_level(logging.INFO)
    assert list(recover([tmp_path], older_than_s=-OLD_S)) == [tmp_path / "1.jsonl"]
    assert caplog.messages == ["file not recovered"] * 2
    assert {vars(each)["path"] for each in caplog.records} == {
        str(tmp_path / f".{i}.jsonl.part") for i in (0, 2)
    }

"""Lines are appended to the record whole, in turn, and only to an intact one."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from stat import S_ISDIR

import pytest
from modelserve.errors import RecordError
from modelserve.promotion.record import open_record, read_record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the record is to be."""
    return tmp_path / "promotions.jsonl"


def append(path: Path, text: str = "x", times: int = 1) -> None:
    """Append lines, each with a lock of its own."""
    for _ in range(times):
        with open_record(path) as record:
            record.append({"reason": text})


def test_lines_are_appended_and_read(path: Path) -> None:
    append(path, "first")
    before = path.read_bytes()
    append(path, "s\u00e9cond\n\x1b[31m")
    lines, fault = read_record(path)
    assert fault == ""
    assert [line.content["reason"] for line in lines] == ["first", "s\u00e9cond\n\x1b[31m"]
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 2


def test_a_record_that_does_not_exist_has_no_lines(path: Path) -> None:
    assert read_record(path) == ([], "")
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(b'{"number":2,"prev', "line 2 is incomplete", id="a-killed-write"),
        pytest.param(b"{}\n", "line 2 is no JSON object", id="another-writer"),
    ],
)
def test_nothing_is_appended_to_a_broken_record(path: Path, text: bytes, fault: str) -> None:
    append(path)
    with path.open("ab") as stream:
        stream.write(text)
    before = path.read_bytes()
    with pytest.raises(RecordError, match=rf"is broken: {fault}.*Nothing was appended.*restore"):
        append(path)
    assert path.read_bytes() == before


def test_after_the_incomplete_line_is_removed_the_chain_goes_on(path: Path) -> None:
    append(path)
    before = path.read_bytes()
    path.write_bytes(before + b'{"num')
    path.write_bytes(before)
    append(path)
    assert read_record(path)[1] == ""


@pytest.mark.parametrize("function", ["write", "fsync"])
def test_a_line_that_cannot_be_written_leaves_the_record_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    append(path)
    before = path.read_bytes()
    write = os.write

    def full(descriptor: int, content: bytes = b"") -> int:
        if function == "write" and len(content) > 10:
            return write(descriptor, content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with open_record(path) as record:
        monkeypatch.setattr(os, function, full)
        with pytest.raises(RecordError, match=r"cannot be written: .*No space left"):
            record.append({"reason": "y" * 200})
    monkeypatch.undo()
    assert path.read_bytes() == before


def test_a_new_record_and_each_line_are_on_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda of: folders.append(S_ISDIR(os.fstat(of).st_mode)))
    append(path, times=2)
    assert folders == [True, False, False]


@pytest.mark.parametrize("place", ["a folder", "no folder"])
def test_a_record_that_cannot_be_opened_is_named(tmp_path: Path, place: str) -> None:
    path = tmp_path if place == "a folder" else tmp_path / "none" / "promotions.jsonl"
    with pytest.raises(RecordError, match="cannot be written"):
        append(path)


def test_a_record_is_locked_while_it_is_open(path: Path) -> None:
    append(path)
    with ThreadPoolExecutor(1) as pool:
        with open_record(path) as record:
            other = pool.submit(append, path, "other")
            assert not wait([other], timeout=0.2).done
            record.append({"reason": "first"})
        other.result()
    lines, fault = read_record(path)
    assert ([line.content["reason"] for line in lines], fault) == (["x", "first", "other"], "")


def test_those_who_append_at_once_make_one_chain(path: Path) -> None:
    """The lock belongs to an open file, so threads wait for each other as processes do."""
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(append, path, f"worker {number}", 10) for number in range(4)]:
            each.result()
    lines, fault = read_record(path)
    assert (len(lines), fault) == (40, "")

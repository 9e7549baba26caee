"""Lines on their way to files: by the hour, in order, and to be seen once a file is closed."""

import logging
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving import rotating_writer

TEN = 1_795_255_200.0  # 2026-11-21T10:00:00Z
NAME = re.compile(r"[0-5]\d-[0-5]\d-\d{3}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl")

Keep = Callable[..., Any]
Until = Callable[..., None]


def numbered(count: int) -> list[bytes]:
    """Return lines that differ, of ten bytes each."""
    return [f"line {i:04d}\n".encode() for i in range(count)]


def files(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def leave(folder: Path, *, hours_ago: float) -> Path:
    """Leave a file as a process does that is killed while it writes."""
    killed = datetime.now(UTC) - timedelta(hours=hours_ago)
    part = folder / f"{killed:%Y/%m/%d/%H}" / ".left.jsonl.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"whole\ntor")
    os.utime(part, (killed.timestamp(),) * 2)
    return part


def test_closing_writes_all_that_waits_in_its_order(keep: Keep) -> None:
    books = keep()
    books.give(*numbered(2_000))
    books.close()
    assert books.written() == numbered(2_000)
    assert len(files(books.folder)) == 1


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows keeps its time zone")
def test_a_line_lies_under_the_hour_of_its_own_time(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, newer = numbered(3)
    with monkeypatch.context() as away:
        away.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        books = keep()
        books.give(old, time_s=TEN - 0.001)
        books.give(new, time_s=TEN)
        books.give(newer, time_s=TEN + 3_599.9)
        books.close()
    time.tzset()
    nine, ten = files(books.folder)
    assert nine.parent == books.folder / "2026" / "11" / "21" / "09"
    assert ten.parent == books.folder / "2026" / "11" / "21" / "10"
    assert (nine.read_bytes(), ten.read_bytes()) == (old, new + newer)
    assert NAME.fullmatch(nine.name)
    assert NAME.fullmatch(ten.name)


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({"file_bytes": 10}, id="by-its-size"),
        pytest.param({"file_age_s": 0.001}, id="by-its-age"),
    ],
)
def test_a_file_is_closed_by_itself(keep: Keep, until: Until, bounds: dict[str, float]) -> None:
    books = keep(**bounds)
    for i, line in enumerate(numbered(3), start=1):
        books.give(line)
        until(lambda i=i: books.kept == i)
    assert len(files(books.folder)) == 3


def test_a_file_is_closed_when_its_hour_is_over(keep: Keep, until: Until) -> None:
    books = keep()
    books.give(b"old\n", time_s=TEN - 1)
    books.give(b"new\n", time_s=TEN)
    until(lambda: books.open() == [b"new\n"])
    assert books.written() == [b"old\n"]
    assert books.kept == 1


def test_a_file_stays_hidden_until_it_is_closed(keep: Keep, until: Until) -> None:
    books = keep()
    books.give(*numbered(3))
    until(lambda: books.open() == numbered(3))
    assert books.kept == 0
    assert [path.name[0] for path in files(books.folder)] == ["."]
    books.close()
    assert [path.suffix for path in files(books.folder)] == [".jsonl"]


def test_nobody_ever_sees_a_file_that_grows(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[Path, set[int]] = {}
    write = os.write

    def look_and_write(descriptor: int, content: memoryview) -> int:
        for path in books.folder.rglob("*.jsonl"):
            sizes.setdefault(path, set()).add(path.stat().st_size)
        return write(descriptor, content[:7])

    monkeypatch.setattr(os, "write", look_and_write)
    books = keep(file_bytes=100)
    books.give(*numbered(50))
    books.close()
    assert list(sizes.values()) == [{100}] * 4
    assert sorted(books.written()) == numbered(50)


def test_two_spools_write_side_by_side(keep: Keep) -> None:
    one, other = keep(balance=False), keep(balance=False)
    one.give(*numbered(400)[::2])
    other.give(*numbered(400)[1::2])
    one.writer.close()
    other.writer.close()
    assert one.kept == other.kept == 200
    assert sorted(one.written()) == numbered(400)


@pytest.mark.parametrize("hours_ago", [20, 24 * 20])
def test_what_a_killed_process_has_left_is_adopted_at_the_start(
    keep: Keep, tmp_path: Path, until: Until, caplog: pytest.LogCaptureFixture, hours_ago: int
) -> None:
    caplog.set_level(logging.INFO)
    part = leave(tmp_path, hours_ago=hours_ago)
    books = keep(folder=tmp_path, file_age_s=60, balance=False)
    until(lambda: "file recovered" in caplog.messages)
    assert books.written() == [b"whole\n"]
    assert [vars(each)["path"] for each in caplog.records] == [str(part.with_name("left.jsonl"))]


def test_what_is_too_young_at_the_start_is_adopted_once_it_is_not(
    keep: Keep, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating_writer, "QUIET_S", 0)
    leave(tmp_path, hours_ago=0)
    books = keep(folder=tmp_path, file_age_s=0.1, balance=False)
    until(lambda: books.written() == [b"whole\n"])


def test_what_may_still_grow_is_not_recovered(keep: Keep, tmp_path: Path) -> None:
    part = leave(tmp_path, hours_ago=0)
    books = keep(folder=tmp_path, file_age_s=60, balance=False)
    books.writer.close()
    assert files(tmp_path) == [part]

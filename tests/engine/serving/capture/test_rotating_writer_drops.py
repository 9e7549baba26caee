"""A disk in trouble: nobody waits for it, and each line is kept, or counted as dropped, and once.

Besides what a test says itself, the fixture `keep` holds at its end that what was given is as much
as what lies in closed files and what was counted.
"""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving import rotating_writer
from modelserve.serving.rotating_writer import DISK, FULL, LOST

PATIENCE_S = 10
NO_SPACE = "[Errno 28] No space left on device"

Keep = Callable[..., Any]
Until = Callable[..., None]


def lines(start: int, stop: int) -> list[bytes]:
    """Return lines that differ, of ten bytes each."""
    return [f"line {i:04d}\n".encode() for i in range(start, stop)]


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """Return what was logged of lines that were dropped."""
    records = [vars(each) for each in caplog.records if each.getMessage() == "records dropped"]
    names = (FULL, DISK, LOST, "error")
    return [{name: each[name] for name in names if name in each} for each in records]


@pytest.mark.parametrize(
    "bounds",
    [pytest.param({"queue_records": 3}, id="lines"), pytest.param({"queue_bytes": 39}, id="bytes")],
)
def test_while_a_disk_hangs_nobody_waits_and_what_has_no_room_is_dropped(
    keep: Keep, disk: Any, bounds: dict[str, int]
) -> None:
    books = keep(**bounds)
    disk.go.clear()
    books.give(*lines(0, 1))
    assert disk.entered.wait(PATIENCE_S)
    books.give(*lines(1, 5))
    assert books.dropped == {FULL: 2}
    disk.go.set()
    books.close()
    assert books.written() == lines(0, 3)


def test_the_queue_has_room_again_once_its_lines_are_written(keep: Keep, until: Until) -> None:
    books = keep(queue_records=4, queue_bytes=40)
    for i in range(0, 20, 2):
        books.give(*lines(i, i + 2))
        until(lambda i=i: len(books.open()) == i + 2)
    books.close()
    assert books.written() == lines(0, 20)


@pytest.mark.parametrize(
    ("bounds", "taken"),
    [
        pytest.param({"queue_records": 3}, [0, 1, 2], id="lines"),
        pytest.param({"queue_bytes": 39}, [0, 1, 2], id="bytes"),
        pytest.param({"queue_bytes": 1}, [], id="none"),
    ],
)
def test_of_lines_that_come_together_those_are_taken_for_which_there_is_room(
    keep: Keep, bounds: dict[str, int], taken: list[int]
) -> None:
    books = keep(**bounds)
    books.give_together(*lines(0, 5))
    books.close()
    assert books.written() == [line for i in taken for line in lines(i, i + 1)]
    assert books.dropped == {FULL: 5 - len(taken)}


def test_a_line_that_is_too_long_costs_no_other(keep: Keep) -> None:
    books = keep(queue_bytes=20)
    books.give_together(b"x" * 21 + b"\n", *lines(0, 2))
    books.close()
    assert books.written() == lines(0, 2)
    assert books.dropped == {FULL: 1}


@pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "together"])
@pytest.mark.parametrize("room", [0, 7, 10, 25, 49])
def test_what_a_full_disk_refuses_to_the_end_is_dropped(
    keep: Keep, disk: Any, room: int, together: bool
) -> None:
    disk.room = room
    books = keep()
    (books.give_together if together else books.give)(*lines(0, 5))
    books.close()
    assert books.written() == lines(0, room // 10)
    assert books.dropped == {DISK: 5 - room // 10}


def test_what_waits_is_written_once_a_full_disk_has_room(
    keep: Keep, disk: Any, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    disk.room = 25
    books = keep(queue_records=3)
    books.give_together(*lines(0, 3))
    until(lambda: disk.refusals > 1)
    assert caplog.messages == ["records wait: they cannot be written"]  # once a minute
    assert vars(caplog.records[0])["error"] == NO_SPACE
    books.give_together(*lines(3, 8))
    assert books.dropped == {DISK: 3}
    disk.room = 1_000
    until(lambda: len(books.open()) == 5)
    books.close()
    assert books.written() == lines(0, 5)


def test_a_file_in_the_place_of_the_folder_costs_nothing_but_lines(
    keep: Keep, until: Until, tmp_path: Path
) -> None:
    folder = tmp_path / "captures"
    folder.write_text("in the way", encoding="utf-8")
    books = keep(queue_records=2)
    books.give(*lines(0, 2))
    until(lambda: books.give(b"no room\n") or books.dropped[DISK])
    folder.unlink()
    until(lambda: len(books.open()) == 2)
    books.close()
    assert books.written() == lines(0, 2)


def test_a_folder_that_cannot_even_be_looked_into_ends_no_thread(
    keep: Keep, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    books = keep(folder=tmp_path / ("x" * 300), balance=False)
    books.give(*lines(0, 2))
    books.writer.close()
    assert books.dropped == {DISK: 2}
    assert caplog.messages[-1] == "records dropped"


@pytest.mark.parametrize("more", [[], [b"more\n"]], ids=["at-the-end", "while-it-writes"])
def test_lines_are_lost_with_their_folder_and_the_next_get_a_new_one(
    keep: Keep, until: Until, monkeypatch: pytest.MonkeyPatch, more: list[bytes]
) -> None:
    held = Counter[int]()
    open_, close = os.open, os.close

    def count_open(*arguments: Any, **named: Any) -> int:
        descriptor = open_(*arguments, **named)
        held[descriptor] += 1
        return descriptor

    def count_close(descriptor: int) -> None:
        held[descriptor] -= 1
        close(descriptor)

    monkeypatch.setattr(os, "open", count_open)
    monkeypatch.setattr(os, "close", count_close)
    books = keep()
    books.give(*lines(0, 3))
    until(lambda: len(books.open()) == 3)
    shutil.rmtree(books.folder)
    books.give(*more)
    books.close()
    assert books.dropped == {LOST: 3}
    assert books.written() == more
    assert held.total() == 0


def test_threads_that_add_at_once_lose_nothing_uncounted(keep: Keep, disk: Any) -> None:
    disk.room = 3_000
    books = keep(queue_records=50, file_bytes=700)
    threads = [threading.Thread(target=books.give, args=lines(0, 500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    books.close()
    assert len(books.given) == 2_000
    assert books.dropped.total() >= 1_700


def test_a_disk_that_hangs_to_the_end_holds_nobody_up(
    keep: Keep, disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating_writer, "PATIENCE_S", 0.01)
    others = set(threading.enumerate())
    books = keep(balance=False)
    (thread,) = set(threading.enumerate()) - others
    disk.go.clear()
    books.give(*lines(0, 4))
    assert disk.entered.wait(PATIENCE_S)
    books.writer.close()
    books.give(b"too late\n")
    assert books.dropped == {DISK: 4, FULL: 1}
    disk.go.set()
    thread.join(PATIENCE_S)
    assert books.written() == lines(0, 1)


def test_what_is_dropped_is_reported_once_a_minute_and_at_the_end(
    keep: Keep, disk: Any, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    disk.room = 0
    books = keep(queue_records=1)
    books.give(b"waits\n")
    until(lambda: disk.refusals > 1)
    books.give(*lines(0, 2))
    until(lambda: told(caplog))
    books.give(*lines(2, 5))
    seen = disk.refusals
    until(lambda: disk.refusals > seen + 5)
    assert len(told(caplog)) == 1
    books.close()
    assert len(told(caplog)) == 2
    assert sum(int(str(each[DISK])) for each in told(caplog)) == books.dropped[DISK] == 6
    assert {each["error"] for each in told(caplog)} == {NO_SPACE}


def test_what_is_dropped_is_reported_again_after_a_minute(
    keep: Keep,
    disk: Any,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotating_writer, "QUIET_S", 0.001)
    books = keep(queue_records=1)
    disk.go.clear()
    books.give(b"waits\n")
    assert disk.entered.wait(PATIENCE_S)
    books.give(*lines(0, 2))
    disk.go.set()
    until(lambda: told(caplog))
    disk.room = 0
    books.give(b"waits\n")
    until(lambda: disk.refusals > 1)
    books.give(*lines(2, 3))
    until(lambda: len(told(caplog)) > 1)
    assert told(caplog) == [{FULL: 2, "error": "none"}, {DISK: 1, "error": NO_SPACE}]

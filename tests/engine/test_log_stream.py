"""A stream that blocks delays only the thread that writes to it."""

# Threads and limits show in private attributes only.
# pylint: disable=protected-access
import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from modelserve import log_stream, logs
from modelserve.errors import ConfigurationError
from modelserve.log_stream import QueuedStream

from tests.engine.families import LIBRARY

PATIENCE_S = 10
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows writes to the stream itself")


class Gate(io.StringIO):
    """A stream in memory that takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.open = threading.Event()

    def write(self, text: str, /) -> int:
        """Write in the end."""
        self.entered.set()
        assert self.open.wait(PATIENCE_S)
        return super().write(text)


class Broken(io.StringIO):
    """A stream whose first writes fail, as many as a test asks for."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def write(self, text: str, /) -> int:
        """Fail, or write."""
        self.failures -= 1
        if self.failures >= 0:
            raise OSError("no space left on device")
        return super().write(text)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Return a stream that is opened in the end."""
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Return both ends of a pipe; it is a text stream to the writer."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
        os.close(reader)


def test_all_text_is_written_in_order_before_the_stream_is_closed() -> None:
    target = io.StringIO()
    with QueuedStream(target) as stream:
        for number in range(1_000):
            stream.write(f"{number}\n")
    assert target.getvalue().split() == [str(number) for number in range(1_000)]


def test_a_write_to_a_blocked_stream_returns_at_once(gate: Gate) -> None:
    stream = QueuedStream(gate)
    for line in ("one\n", "two\n", "three\n"):
        assert stream.write(line) == len(line)
        stream.flush()
    assert gate.entered.wait(PATIENCE_S)
    gate.open.set()
    stream.close()
    assert gate.getvalue() == "one\ntwo\nthree\n"


def test_lines_beyond_the_limit_are_dropped_and_reported_once_the_stream_takes_more(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    stream = QueuedStream(gate, limit=10)
    stream.write("first\n")
    assert gate.entered.wait(PATIENCE_S)
    for _ in range(3):
        stream.write("two\nlines\n")
    stream.write("end\n")
    assert not caplog.records
    gate.open.set()
    stream.close()
    stream._thread.join(PATIENCE_S)  # type: ignore[union-attr]
    assert gate.getvalue() == "first\nend\n"
    assert [(each.message, vars(each)["dropped"]) for each in caplog.records] == [
        ("log lines dropped", 6)
    ]


def test_a_text_larger_than_the_limit_is_written_if_nothing_waits() -> None:
    target = io.StringIO()
    with QueuedStream(target, limit=3) as stream:
        stream.write("longer\n")
    assert target.getvalue() == "longer\n"


def test_lines_that_cannot_be_written_are_counted_and_reported_when_some_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = Broken(failures=2)
    stream = QueuedStream(target)
    for line in ("one\n", "two\n", "three\n"):
        stream.write(line)
        stream._drain(time.monotonic() + PATIENCE_S)
    stream.close()
    stream._thread.join(PATIENCE_S)  # type: ignore[union-attr]
    assert target.getvalue() == "three\n"
    assert [vars(each)["dropped"] for each in caplog.records] == [2]


def test_a_report_that_cannot_be_written_causes_no_further_report() -> None:
    target = Broken(failures=10**9)
    stream = QueuedStream(target)
    handler = logging.StreamHandler(stream)
    log_stream.log.addHandler(handler)
    try:
        stream.write("one\n")
        stream.close()
    finally:
        log_stream.log.removeHandler(handler)
    assert target.failures == 10**9 - 1


def test_closing_a_blocked_stream_gives_up(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "EXIT_S", 0.01)
    stream = QueuedStream(gate, owned=True)
    stream.write("one\n")
    stream.close()
    assert not gate.closed
    with pytest.raises(ValueError, match="closed"):
        stream.write("two\n")


def test_closing_leaves_standard_output_open_and_closes_a_file(tmp_path: Path) -> None:
    target = io.StringIO()
    QueuedStream(target).close()
    assert not target.closed
    folder = tmp_path / "logs"
    with logs.open_stream(folder) as stream:
        stream.write("ünïcode\n")
    (path,) = folder.iterdir()
    assert path.read_text(encoding="utf-8") == "ünïcode\n"


def test_a_folder_that_takes_no_file_is_named_with_its_setting(tmp_path: Path) -> None:
    (taken := tmp_path / "logs").touch()
    with pytest.raises(ConfigurationError, match=r"^LOG_DIR='.*logs' cannot take log files: "):
        logs.open_stream(taken)


@ON_POSIX
def test_a_pipe_is_written_past_the_buffer_that_the_interpreter_flushes(
    pipe: tuple[int, TextIO],
) -> None:
    reader, target = pipe
    with QueuedStream(target) as stream:
        stream.write("a\udc80é\n")
    assert os.read(reader, 100) == "a\\udc80é\n".encode()


@ON_POSIX
@pytest.mark.e2e
def test_a_process_ends_although_its_blocked_output_holds_lines_and_prints(
    pipe: tuple[int, TextIO],
) -> None:
    script = (
        "from modelserve.logs import open_stream; stream = open_stream(None); print('printed'); "
        "stream.write('x' * 100_000)"  # more than a pipe takes
    )
    _, target = pipe
    environment = os.environ | {"PYTHONPATH": str(LIBRARY / "src"), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, stdout=target, env=environment, stderr=subprocess.PIPE, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@ON_POSIX
def test_a_pipe_that_does_not_block_is_written_as_it_is_read(
    pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_stream, "EXIT_S", PATIENCE_S)
    reader, target = pipe
    os.set_blocking(target.fileno(), False)
    text = "x" * 300_000 + "\n"
    stream = QueuedStream(target)
    stream.write(text)
    received = b""
    while len(received) < len(text):
        received += os.read(reader, 65_536)
    stream.close()
    assert received.decode() == text

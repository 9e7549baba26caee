"""A text stream in front of another one, which may block: only a thread waits for it."""

import atexit
import io
import logging
import os
import sys
import threading
import time
from collections import deque
from typing import TextIO

QUEUED_CHARACTERS = 8_388_608
EXIT_S = 1.0  # for what is queued when the process ends
RETRY_S = 0.05  # for a stream that is not ready, where its reader asked not to block

log = logging.getLogger(__name__)


class QueuedStream(io.TextIOBase):
    """Writes text to a stream from a thread; a write to a full queue is dropped and counted.

    A pipe that nobody reads blocks the thread alone: requests are answered, and the process ends.

    Args:
        stream: receives the text.
        owned: close `stream` together with this one.
        limit: of queued characters.
    """

    def __init__(
        self, stream: TextIO, *, owned: bool = False, limit: int = QUEUED_CHARACTERS
    ) -> None:
        """Start no thread yet."""
        self._stream = stream
        self._owned = owned
        self._limit = limit
        self._queue: deque[str] = deque()
        self._size = 0  # in characters, until they are written
        self._dropped = 0  # in lines
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding of the stream behind."""
        return self._stream.encoding or "utf-8"

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor of the stream behind, or raise OSError."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether the stream behind is a terminal."""
        return self._stream.isatty()

    def write(self, text: str, /) -> int:
        """Queue text; never wait.

        Raises:
            ValueError: the stream was closed.
        """
        with self._changed:
            if self.closed:
                raise ValueError("write to closed file")
            if self._size and self._size + len(text) > self._limit:
                self._dropped += text.count("\n")
                return len(text)
            self._queue.append(text)
            self._size += len(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
                atexit.register(self._end)
            self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Return at once; when the process ends, wait for the queue within a limit."""
        if self._deadline is not None:
            self._drain(self._deadline)

    def close(self) -> None:
        """Write what is queued, within a limit, and end the thread."""
        if self.closed:
            return
        drained = self._drain(time.monotonic() + EXIT_S)
        super().close()
        atexit.unregister(self._end)
        with self._changed:
            self._changed.notify_all()
        if self._owned and drained:  # else the thread still holds it
            self._stream.close()

    def _drain(self, deadline: float) -> bool:
        """Wait until everything is written; return False at the deadline."""
        with self._changed:
            left_s = max(0.0, deadline - time.monotonic())
            return self._changed.wait_for(lambda: not self._size, timeout=left_s)

    def _end(self) -> None:
        """Drain the queue when the interpreter ends, which otherwise ends this thread with it."""
        self._deadline = time.monotonic() + EXIT_S
        if not self._drain(self._deadline) and self._stream is sys.stdout and os.name == "posix":
            # The interpreter flushes standard output last, and would wait for its reader forever.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self.closed)
                if not self._queue:
                    return
                text = "".join(self._queue)
                self._queue.clear()
            written = self._write(text)
            with self._changed:
                self._size -= len(text)
                if written:
                    dropped, self._dropped = self._dropped, 0
                else:
                    dropped, self._dropped = 0, self._dropped + text.count("\n")
                self._changed.notify_all()
            if dropped:
                log.warning("log lines dropped", extra={"dropped": dropped})

    def _write(self, text: str) -> bool:
        """Write to the stream behind; return False if it cannot be written to."""
        try:
            if os.name != "posix" or (target := descriptor(self._stream)) is None:
                self._stream.write(text)
                self._stream.flush()
                return True
            # Past the stream's own buffer: its lock, held by a blocked thread, aborts the exit.
            rest = memoryview(text.encode(self.encoding, "backslashreplace"))
            while rest:
                try:
                    rest = rest[os.write(target, rest) :]
                except BlockingIOError:
                    time.sleep(RETRY_S)
        except (OSError, ValueError):
            return False
        return True


def descriptor(stream: TextIO) -> int | None:
    """Return a stream's file descriptor; None for one in memory.

    Raises:
        ValueError: the stream was closed.
    """
    if stream.closed:
        raise ValueError("write to closed file")
    try:
        return stream.fileno()
    except (AttributeError, OSError):
        return None

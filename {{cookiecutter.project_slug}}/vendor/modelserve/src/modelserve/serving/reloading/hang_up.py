"""SIGHUP asks for a reload; a terminal that is closed sends it as well, and ends the service."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

HUNG_UP = "MODELSERVE_HUNG_UP"  # in the environment of workers that start later


class HangUpHandler:
    """Handles SIGHUP until the event loop does, and remembers that it came."""

    def __init__(self) -> None:
        """Find out whether there is a terminal that may be closed."""
        self.received = False
        self._had_terminal = has_terminal()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Remember the signal."""
        self.received = True

    def terminal_closed(self) -> bool:
        """Return whether the terminal is gone that the process was started from."""
        return self._had_terminal and not has_terminal()


def has_terminal() -> bool:
    """Return whether the process has a terminal that controls it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True


def install_early() -> None:
    """Keep SIGHUP, whose default ends the process, until the application has started."""
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, HangUpHandler())


@contextmanager
def on_hang_up(reload: Callable[[], object]) -> Iterator[None]:
    """Call a function in the running event loop at each SIGHUP, and once for one that came before.

    Where signals are not this thread's, nothing is done.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGHUP)
    handler = before if isinstance(before, HangUpHandler) else HangUpHandler()
    ignored = before is signal.SIG_IGN  # by nohup: the service outlives its terminal

    def handle() -> None:
        if handler.terminal_closed() and not ignored:
            signal.raise_signal(signal.SIGTERM)
        else:
            reload()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, handle)
    if handler.received:
        reload()
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, before)


def hung_up_before() -> bool:
    """Return whether this worker's parent has passed on a SIGHUP before this worker started."""
    return HUNG_UP in os.environ


def send_hang_up(pids: Iterable[int | None]) -> None:
    """Send SIGHUP to processes; one that is not there any more needs none.

    Workers that start later know it by `hung_up_before`.
    """
    if sys.platform == "win32":
        return
    os.environ[HUNG_UP] = "1"
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)

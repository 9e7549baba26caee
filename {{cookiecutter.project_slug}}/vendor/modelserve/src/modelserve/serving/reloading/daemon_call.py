"""Calls a function in a thread that does not keep the process from ending."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

Result = TypeVar("Result")


class DaemonCaller(Generic[Result]):
    """Runs one call at a time; the threads of asyncio would be waited for at the end.

    Args:
        discard: is given a result that nobody waits for any more.
    """

    def __init__(self, discard: Callable[[Result], None]) -> None:
        """Start nothing."""
        self._discard = discard
        self._thread: threading.Thread | None = None

    async def call(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns.

        Raises:
            Exception: as the function raises it; RuntimeError for what is none, such as SystemExit.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def run() -> None:
            try:
                result = function()
            except BaseException as error:  # pylint: disable=broad-exception-caught
                failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
                settle = partial(self._fail, future, failure)
            else:
                settle = partial(self._settle, future, result)
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(settle)

        self._thread = threading.Thread(target=run, name="reload", daemon=True)
        self._thread.start()
        return await future

    async def join(self, timeout_s: float) -> None:
        """Wait for the call in progress, if there is one, but not forever."""
        if self._thread:
            await asyncio.to_thread(self._thread.join, timeout_s)

    def _settle(self, future: "asyncio.Future[Result]", result: Result) -> None:
        if future.done():  # cancelled
            self._discard(result)
        else:
            future.set_result(result)

    @staticmethod
    def _fail(future: "asyncio.Future[Result]", error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

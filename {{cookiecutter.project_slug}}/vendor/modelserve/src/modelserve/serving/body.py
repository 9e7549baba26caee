"""Reading a request's body, within its limits of size and time."""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any

from starlette.types import Message, Receive

from ..errors import DisconnectedError, OverloadedError, SlowClientError, TooLargeError
from .limit_log import LimitLog


class BodyMemory:
    """The memory of all bodies that have arrived in part.

    Args:
        limit_bytes: that they may have together.
        limit_log: counts rejected parts.
    """

    def __init__(self, limit_bytes: int, limit_log: LimitLog) -> None:
        """Start with no body."""
        self._limit_bytes, self._limit_log = limit_bytes, limit_log
        self.used_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Count a further part.

        Raises:
            OverloadedError: there is no room for it.
        """
        if self.used_bytes + size_bytes > self._limit_bytes:
            self._limit_log.count("memory of bodies")
            raise OverloadedError("Too many bodies are arriving.", retry_after_s=1)
        self.used_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """Stop counting parts of a body that is complete, or given up."""
        self.used_bytes -= size_bytes


async def read_body(
    receive: Receive,
    headers: Mapping[bytes, bytes],
    *,
    limit_bytes: int,
    timeout_s: float,
    memory: BodyMemory | None = None,
) -> bytes:
    """Return the whole body.

    A body has mostly arrived when it is asked for. A timer that is started and stopped for it
    all the same costs a quick answer a quarter of its time; so the first step is taken without.

    Args:
        receive: the server's.
        headers: of the request.
        limit_bytes: of the body.
        timeout_s: for the whole body.
        memory: of the parts that have arrived; None if `receive` counts them.

    Raises:
        TooLargeError: it has more than `limit_bytes`, as it says itself or as it turns out.
        SlowClientError: it did not arrive in `timeout_s` seconds.
        OverloadedError: too many other bodies are arriving.
        DisconnectedError: the client went away.
    """
    _hold(int(headers.get(b"content-length", 0)), limit_bytes)
    reading = _collect(receive, limit_bytes, memory)
    try:
        step = reading.send(None)
    except StopIteration as done:
        body: bytes = done.value
        return body
    try:
        async with asyncio.timeout(timeout_s):
            return await _go_on(reading, step)
    except TimeoutError as error:
        raise _slow(timeout_s) from error


class BoundedBody:
    """The `receive` of a route that reads its body by itself, within the limits.

    Args:
        receive: the server's.
        memory: of the parts that have arrived.
        limit_bytes: a longer body raises TooLargeError.
        timeout_s: a body that takes longer raises SlowClientError.
        admit: called before anything is read; raises AccessError without a valid key.
    """

    def __init__(
        self,
        receive: Receive,
        memory: BodyMemory,
        *,
        limit_bytes: int,
        timeout_s: float,
        admit: Callable[[], object],
    ) -> None:
        """Read nothing yet."""
        self._receive, self._memory, self._admit = receive, memory, admit
        self._limit_bytes, self._timeout_s = limit_bytes, timeout_s
        self._length = 0
        self._deadline = 0.0
        self._complete = False

    async def __call__(self) -> Message:
        """Return the next part; after the last one, wait for the client to disconnect."""
        if self._complete:
            return await self._receive()
        if not self._deadline:
            self._admit()
            self._deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise _slow(self._timeout_s) from error
        size = len(message.get("body", b""))
        _hold(self._length + size, self._limit_bytes)
        if message.get("more_body"):
            self._memory.take(size)
            self._length += size
        else:
            self.close()
        return message

    def close(self) -> None:
        """Release the memory of an unfinished body."""
        if not self._complete:
            self._complete = True
            self._memory.release(self._length)


@types.coroutine
def _go_on(coroutine: Coroutine[Any, Any, bytes], step: Any) -> Generator[Any, Any, bytes]:
    """Await a coroutine that was started, and waits for `step`."""
    try:
        while True:
            try:
                answer = yield step
            except BaseException as error:  # pylint: disable=broad-exception-caught
                # A cancellation is the coroutine's to hear.
                step = coroutine.throw(error)
            else:
                step = coroutine.send(answer)
    except StopIteration as done:
        body: bytes = done.value
        return body


async def _collect(receive: Receive, limit_bytes: int, memory: BodyMemory | None) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    _hold(len(body), limit_bytes)
    if message.get("more_body"):
        parts, memory = bytearray(), memory or BodyMemory(limit_bytes, LimitLog())
        try:
            while message.get("more_body"):
                memory.take(len(body))
                parts += body
                message = await receive()
                body = message.get("body", b"")
                _hold(len(parts) + len(body), limit_bytes)
        finally:
            memory.release(len(parts))
        parts += body
        body = bytes(parts)
    if message["type"] == "http.disconnect":
        raise gone()
    return body


def _hold(length: int, limit_bytes: int) -> None:
    if length > limit_bytes:
        raise TooLargeError(f"The body has {length} bytes or more; the limit is {limit_bytes}.")


def stopping() -> OverloadedError:
    """Return the error of a request that the server cancels: it stops, and has waited for it."""
    return OverloadedError("The service is stopping.", retry_after_s=1)


def gone() -> DisconnectedError:
    """Return the error of a request whose client went away before its body had arrived."""
    return DisconnectedError("The client went away before its body had arrived.")


def _slow(timeout_s: float) -> SlowClientError:
    return SlowClientError(f"The body did not arrive in {timeout_s:g} s.")

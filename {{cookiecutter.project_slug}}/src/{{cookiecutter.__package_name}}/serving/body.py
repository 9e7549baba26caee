"""Reading a request's body, within its limits of size and time."""

import asyncio
import types
from collections.abc import Coroutine, Generator, Mapping
from typing import Any, TypeVar

from starlette.types import Receive

from ..errors import MalformedError, SlowClientError, TooLargeError

T = TypeVar("T")


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], *, limit_bytes: int, timeout_s: float
) -> bytes:
    """Return the whole body.

    Raises:
        TooLargeError: it has more than `limit_bytes`, as it says itself or as it turns out.
        SlowClientError: it did not arrive in `timeout_s` seconds.
        MalformedError: the client went away.
    """
    length = headers.get(b"content-length")
    if length is not None:
        _hold(int(length), limit_bytes)
    try:
        return await within(timeout_s, _collect(receive, limit_bytes))
    except TimeoutError as error:
        raise SlowClientError(f"The body did not arrive in {timeout_s:g} s.") from error


async def within(limit_s: float, coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns.

    A body has mostly arrived when it is asked for. A timer that is started and stopped for it
    all the same costs a quick answer a quarter of its time; so the coroutine takes its first
    step without one.

    Raises:
        TimeoutError: it took longer than `limit_s` seconds.
    """
    try:
        step = coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(limit_s):
        return await _go_on(coroutine, step)


@types.coroutine
def _go_on(coroutine: Coroutine[Any, Any, T], step: Any) -> Generator[Any, Any, T]:
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
        result: T = done.value
        return result


async def _collect(receive: Receive, limit_bytes: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = bytearray(body)
        while message.get("more_body"):
            message = await receive()
            parts += message.get("body", b"")
            _hold(len(parts), limit_bytes)
        body = bytes(parts)
    if message["type"] == "http.disconnect":
        raise MalformedError("The client went away before its body had arrived.")
    _hold(len(body), limit_bytes)
    return body


def _hold(length: int, limit_bytes: int) -> None:
    if length > limit_bytes:
        raise TooLargeError(f"The body has {length} bytes or more; the limit is {limit_bytes}.")

"""Reading a request's body, within its limits of size and time."""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any

from starlette.types import Message, Receive

from ..errors import MalformedError, SlowClientError, TooLargeError


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], *, limit_bytes: int, timeout_s: float
) -> bytes:
    """Return the whole body.

    A body has mostly arrived when it is asked for. A timer that is started and stopped for it
    all the same costs a quick answer a quarter of its time; so the first step is taken without.

    Raises:
        TooLargeError: it has more than `limit_bytes`, as it says itself or as it turns out.
        SlowClientError: it did not arrive in `timeout_s` seconds.
        MalformedError: the client went away.
    """
    _hold(int(headers.get(b"content-length", 0)), limit_bytes)
    reading = _collect(receive, limit_bytes)
    try:
        step = reading.send(None)
    except StopIteration as done:
        body: bytes = done.value
        return body
    try:
        async with asyncio.timeout(timeout_s):
            return await _go_on(reading, step)
    except TimeoutError as error:
        raise SlowClientError(f"The body did not arrive in {timeout_s:g} s.") from error


def bounded(
    receive: Receive, *, limit_bytes: int, timeout_s: float, admit: Callable[[], object]
) -> Receive:
    """Return a `receive` that keeps the limits for a route that reads its body by itself.

    Args:
        receive: the server's.
        limit_bytes: a longer body raises TooLargeError.
        timeout_s: a body that takes longer raises SlowClientError.
        admit: called before anything is read; raises AccessError without a valid key.
    """
    length, deadline, complete = 0, 0.0, False

    async def receive_within() -> Message:
        nonlocal length, deadline, complete
        if complete:  # the route waits for the client to disconnect
            return await receive()
        if not deadline:
            admit()
            deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise SlowClientError(f"The body did not arrive in {timeout_s:g} s.") from error
        complete = not message.get("more_body")
        length += len(message.get("body", b""))
        _hold(length, limit_bytes)
        return message

    return receive_within


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

"""A response in one write is the response that uvicorn sends in two."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from modelserve.serving.whole_response import send_whole
from starlette.types import Message
from uvicorn.protocols.http.flow_control import CLOSE_HEADER, FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]
DATE = (b"date", b"Sun, 29 Nov 2026 06:37:13 GMT")


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Keep a part."""
        self.parts.append(data)

    def close(self) -> None:
        """Keep that it was closed."""
        self.closed = True


class Exchange:
    """A request to uvicorn, and what became of it.

    Args:
        default_headers: of the server.
        keep_alive: whether the client may send another request.
    """

    def __init__(self, *default_headers: tuple[bytes, bytes], keep_alive: bool = True) -> None:
        self.transport: Any = Transport()
        self.finished = 0
        self.cycle = RequestResponseCycle(
            scope={"method": "POST"},  # type: ignore[typeddict-item]
            transport=self.transport,
            flow=FlowControl(self.transport),
            logger=logging.getLogger(__name__),
            access_logger=logging.getLogger(__name__),
            access_log=False,
            default_headers=[DATE, *default_headers],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=self._finish,
        )

    def _finish(self) -> None:
        self.finished += 1

    def outcome(self) -> tuple[Any, ...]:
        """Return what the client and the server see."""
        cycle = self.cycle
        return (
            b"".join(self.transport.parts),
            self.transport.closed,
            self.finished,
            (cycle.response_started, cycle.response_complete, cycle.keep_alive),
            cycle.message_event.is_set(),
        )


def through(send: Callable[[Any], Awaitable[None]]) -> Callable[[Message], Awaitable[None]]:
    """Return a middleware's `send`."""

    async def pass_on(message: Message) -> None:
        await send(message)

    return pass_on


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Exchange, id="kept-alive"),
        pytest.param(lambda: Exchange(keep_alive=False), id="last-request"),
        pytest.param(lambda: Exchange(CLOSE_HEADER), id="server-ends"),
        pytest.param(lambda: Exchange(CLOSE_HEADER, keep_alive=False), id="server-ends-too"),
    ],
)
def test_one_write_sends_what_two_send(make: Callable[[], Exchange]) -> None:
    one, two = make(), make()
    asyncio.run(send_whole(one.cycle.send, 200, HEADERS, b"{}"))
    asyncio.run(send_whole(through(two.cycle.send), 200, HEADERS, b"{}"))
    assert one.outcome() == two.outcome()
    assert (len(one.transport.parts), len(two.transport.parts)) == (1, 2)


def test_nothing_is_sent_to_a_client_that_went_away() -> None:
    exchange = Exchange()
    exchange.cycle.disconnected = True
    asyncio.run(send_whole(exchange.cycle.send, 200, HEADERS, b"{}"))
    assert not exchange.transport.parts


def test_a_client_that_does_not_read_is_waited_for() -> None:
    exchange = Exchange()
    exchange.cycle.flow.pause_writing()

    async def resume_later() -> None:
        sending = asyncio.create_task(send_whole(exchange.cycle.send, 200, HEADERS, b"{}"))
        await asyncio.sleep(0)
        assert not exchange.transport.parts
        exchange.cycle.flow.resume_writing()
        await sending

    asyncio.run(resume_later())
    assert b"".join(exchange.transport.parts).endswith(b"\r\n\r\n{}")

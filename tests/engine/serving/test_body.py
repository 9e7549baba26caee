"""A body is read whole, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from modelserve import errors
from modelserve.serving import body
from starlette.types import Message, Receive

GONE: Message = {"type": "http.disconnect"}


def part(content: bytes, *, more: bool) -> Message:
    """Return one message of a request."""
    return {"type": "http.request", "body": content, "more_body": more}


def arriving(*messages: Message, late: bool = False) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that hands over messages, then none for ever; `late` ones take a turn."""
    coming = list(messages)

    async def receive() -> Message:
        if late:
            await asyncio.sleep(0)
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    return receive


def read(receive: Callable[[], Awaitable[Message]], length: bytes | None = None) -> bytes:
    """Read with a limit of 10 bytes and 50 milliseconds."""
    headers = {} if length is None else {b"content-length": length}
    return asyncio.run(body.read_body(receive, headers, limit_bytes=10, timeout_s=0.05))


@pytest.mark.parametrize("late", [pytest.param(False, id="there"), pytest.param(True, id="late")])
def test_parts_are_joined_in_their_order(late: bool) -> None:
    parts = part(b"one", more=True), part(b"", more=True), part(b"two", more=False)
    assert read(arriving(*parts, late=late), b"6") == b"onetwo"


def test_a_body_as_long_as_the_limit_is_read() -> None:
    assert read(arriving(part(b"0123456789", more=False))) == b"0123456789"


def test_a_body_that_says_it_is_too_long_is_not_even_read() -> None:
    async def receive() -> Message:
        raise AssertionError("this was read")

    with pytest.raises(errors.TooLargeError, match="11 bytes or more; the limit is 10"):
        read(receive, b"11")


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([part(b"01234567890", more=False)], id="at-once"),
        pytest.param([part(b"012345", more=True), part(b"67890", more=True)], id="growing"),
        pytest.param([part(b"012345", more=True), part(b"67890", more=False)], id="at-its-end"),
    ],
)
def test_a_body_that_turns_out_too_long_is_refused(messages: list[Message]) -> None:
    with pytest.raises(errors.TooLargeError):
        read(arriving(*messages), b"5")


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="nothing"),
        pytest.param([part(b"half", more=True)], id="half"),
    ],
)
def test_a_body_that_stalls_is_given_up(messages: list[Message]) -> None:
    with pytest.raises(errors.SlowClientError, match=r"did not arrive in 0\.05 s"):
        read(arriving(*messages))


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([GONE], id="before-the-body"),
        pytest.param([part(b"half", more=True), GONE], id="within-the-body"),
    ],
)
def test_a_client_that_goes_away_is_distinguished_from_an_empty_body(
    messages: list[Message],
) -> None:
    with pytest.raises(errors.MalformedError, match="went away"):
        read(arriving(*messages))


def test_whoever_waits_for_a_body_hears_that_it_is_given_up() -> None:
    heard = []

    async def receive() -> Message:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise
        return GONE

    with pytest.raises(errors.SlowClientError):
        read(receive)
    assert heard == ["cancelled"]


def test_reading_can_be_cancelled_from_outside() -> None:
    async def scenario() -> None:
        reading = body.read_body(arriving(), {}, limit_bytes=10, timeout_s=60)
        task = asyncio.create_task(reading)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


@pytest.mark.parametrize("late", [pytest.param(False, id="at-once"), pytest.param(True, id="late")])
def test_a_servers_own_error_is_passed_on(late: bool) -> None:
    async def receive() -> Message:
        if late:
            await asyncio.sleep(0)
        raise ConnectionResetError("broken")

    with pytest.raises(ConnectionResetError, match="broken"):
        read(receive)


def bound(receive: Receive, admit: Callable[[], object] = str) -> Receive:
    """Return a `receive` for ten bytes within a hundredth of a second."""
    return body.bounded(receive, limit_bytes=10, timeout_s=0.01, admit=admit)


def test_the_framework_reads_what_lies_within_the_limit() -> None:
    async def scenario() -> list[bytes]:
        parts = part(b"01234", more=True), part(b"56789", more=False)
        receive = bound(arriving(*parts))
        return [(await receive())["body"] for _ in parts]

    assert asyncio.run(scenario()) == [b"01234", b"56789"]


def test_the_framework_reads_nothing_beyond_the_limit() -> None:
    async def scenario() -> None:
        receive = bound(arriving(part(b"012345", more=True), part(b"67890", more=True)))
        await receive()
        with pytest.raises(errors.TooLargeError):
            await receive()

    asyncio.run(scenario())


def test_the_framework_waits_for_a_body_no_longer_than_the_limit() -> None:
    async def scenario() -> None:
        receive = bound(arriving(part(b"half", more=True)))
        await receive()
        with pytest.raises(errors.SlowClientError, match=r"not arrive in 0\.01 s"):
            await receive()

    asyncio.run(scenario())


def test_after_the_body_a_route_may_wait_for_the_client_to_disconnect() -> None:
    async def scenario() -> None:
        receive = bound(arriving(part(b"whole", more=False)))
        await receive()
        waiting = asyncio.create_task(asyncio.wait_for(receive(), 0.05))
        with pytest.raises(TimeoutError):  # the test's own, after five times the limit
            await waiting

    asyncio.run(scenario())


def test_nothing_is_read_of_a_client_that_is_not_admitted() -> None:
    def refuse() -> None:
        raise errors.AccessError("no")

    async def scenario() -> None:
        with pytest.raises(errors.AccessError):
            await bound(arriving(), refuse)()

    asyncio.run(scenario())

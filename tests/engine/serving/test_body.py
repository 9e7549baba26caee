"""A body is read whole, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import pytest
from modelserve import errors
from modelserve.serving import body
from modelserve.serving.limit_log import LimitLog
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


def read(
    receive: Callable[[], Awaitable[Message]],
    length: bytes | None = None,
    memory: body.BodyMemory | None = None,
) -> bytes:
    """Read with a limit of 10 bytes and 50 milliseconds."""
    headers = {} if length is None else {b"content-length": length}
    reading = body.read_body(receive, headers, limit_bytes=10, timeout_s=0.05, memory=memory)
    return asyncio.run(reading)


def memory_of(limit_bytes: int) -> body.BodyMemory:
    """Return a memory for parts of bodies."""
    return body.BodyMemory(limit_bytes, LimitLog())


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
    with pytest.raises(errors.DisconnectedError, match="went away"):
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


def bound(
    receive: Receive,
    admit: Callable[[], object] = str,
    memory: body.BodyMemory | None = None,
) -> body.BoundedBody:
    """Return a `receive` for ten bytes within a hundredth of a second."""
    memory = memory or memory_of(10)
    return body.BoundedBody(receive, memory, limit_bytes=10, timeout_s=0.01, admit=admit)


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


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        pytest.param([part(b"01", more=True), part(b"23", more=False)], None, id="complete"),
        pytest.param([part(b"01", more=True)], errors.SlowClientError, id="stalled"),
        pytest.param([part(b"01", more=True), GONE], errors.DisconnectedError, id="gone"),
        pytest.param([part(b"01234567890", more=True)], errors.TooLargeError, id="too-large"),
        pytest.param(
            [part(b"012", more=True), part(b"345", more=True)], errors.OverloadedError, id="full"
        ),
    ],
)
def test_a_body_takes_memory_only_while_it_arrives(
    messages: list[Message], error: type[Exception] | None
) -> None:
    memory = memory_of(5)
    with pytest.raises(error) if error else nullcontext():
        read(arriving(*messages), memory=memory)
    assert memory.used_bytes == 0


def test_bodies_that_arrive_share_a_limit_which_complete_ones_do_not_need() -> None:
    memory = memory_of(5)

    async def scenario() -> None:
        first = body.read_body(
            arriving(part(b"01234", more=True)),
            {},
            limit_bytes=10,
            timeout_s=60,
            memory=memory,
        )
        held = asyncio.create_task(first)
        await asyncio.sleep(0)
        assert memory.used_bytes == 5
        with pytest.raises(errors.OverloadedError, match="bodies are arriving"):
            await body.read_body(
                arriving(part(b"0", more=True)), {}, limit_bytes=10, timeout_s=60, memory=memory
            )
        with pytest.raises(errors.OverloadedError, match="bodies are arriving"):
            await bound(arriving(part(b"0", more=True)), memory=memory)()
        whole = part(b"0123456789", more=False)
        assert await body.read_body(
            arriving(whole), {}, limit_bytes=10, timeout_s=60, memory=memory
        )
        assert await bound(arriving(whole), memory=memory)() == whole
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held

    asyncio.run(scenario())
    assert memory.used_bytes == 0


@pytest.mark.parametrize("complete", [True, False])
def test_the_framework_takes_memory_only_while_a_body_arrives(complete: bool) -> None:
    memory = memory_of(5)

    async def scenario() -> None:
        receive = bound(arriving(part(b"01", more=True), part(b"23", more=False)), memory=memory)
        await receive()
        assert memory.used_bytes == 2
        if complete:
            await receive()
        else:
            receive.close()
        assert memory.used_bytes == 0
        receive.close()
        assert memory.used_bytes == 0

    asyncio.run(scenario())

"""Which waiting requests share a call."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from modelserve.serving.batching.queue import RequestQueue, WaitingRequest
from modelserve.types import ModelInput

Wait = Callable[..., WaitingRequest]


class NoLoop(asyncio.Future):  # type: ignore[type-arg]
    """A future of no loop: nothing awaits it here."""

    def __init__(self) -> None:
        loop = asyncio.new_event_loop()
        super().__init__(loop=loop)
        loop.close()


@pytest.fixture
def queue() -> RequestQueue:
    """Return an empty queue."""
    return RequestQueue(rows=4, size=1_000, joins=True)


@pytest.fixture
def wait(queue: RequestQueue) -> Wait:
    """Return a function that adds a request of some rows, columns and characters."""

    def add(
        consumer: str = "shop", rows: int = 1, columns: int = 2, characters: int = 0
    ) -> WaitingRequest:
        tensors = {} if characters else {"features": np.zeros((rows, columns), dtype=np.float32)}
        given = ModelInput(tensors, rows, characters=[characters] * rows if characters else ())
        request = WaitingRequest(given, consumer, NoLoop(), 0.0)
        queue.add(request)
        return request

    return add


def test_requests_share_a_call_in_the_order_of_their_arrival(
    queue: RequestQueue, wait: Wait
) -> None:
    first, second, third = wait(), wait(rows=2), wait()
    assert queue.rows == 4
    assert queue.take() == [first, second, third]
    assert (queue.rows, queue.requests) == (0, 0)


def test_a_call_has_no_more_rows_than_allowed(queue: RequestQueue, wait: Wait) -> None:
    first, large, last = wait(rows=3), wait(rows=2), wait()
    assert queue.take() == [first, last]
    assert queue.take() == [large]


def test_a_request_with_more_rows_than_a_call_goes_alone(queue: RequestQueue, wait: Wait) -> None:
    huge, small = wait(rows=9), wait()
    assert queue.take() == [huge]
    assert queue.take() == [small]


def test_a_call_has_no_more_bytes_than_allowed(queue: RequestQueue, wait: Wait) -> None:
    first, second, third = (wait(columns=100) for _ in range(3))
    assert queue.take() == [first, second]
    assert queue.take() == [third]


def test_consumers_take_turns(queue: RequestQueue, wait: Wait) -> None:
    many = [wait("many") for _ in range(9)]
    few = [wait("few") for _ in range(3)]
    assert queue.take() == [many[0], few[0], many[1], few[1]]
    assert queue.take() == [many[2], few[2], many[3], many[4]]
    assert queue.take() == many[5:]


@pytest.mark.parametrize(
    ("consumer", "rows", "joins", "expected"),
    [
        pytest.param("many", 1, True, (2, 8), id="behind its own, and one of the other's"),
        pytest.param("few", 1, True, (1, 4), id="second turn; others join"),
        pytest.param("new", 1, True, (1, 4), id="first turn"),
        pytest.param("new", 9, True, (2, 11), id="more rows than a call has"),
        pytest.param(None, 0, True, (2, 7), id="all"),
        pytest.param("many", 1, False, (8, 8), id="many alone"),
        pytest.param("few", 1, False, (4, 4), id="few alone"),
        pytest.param("new", 9, False, (3, 11), id="new alone"),
        pytest.param(None, 0, False, (7, 7), id="all alone"),
    ],
)
def test_the_calls_until_a_request_follow_the_turns(
    queue: RequestQueue,
    wait: Wait,
    consumer: str | None,
    rows: int,
    joins: bool,
    expected: tuple[int, int],
) -> None:
    queue.joins = joins
    for _ in range(6):
        wait("many")
    wait("few")
    assert queue.calls_until(rows, consumer) == expected


def test_a_request_with_more_rows_than_the_limit_is_one_call(
    queue: RequestQueue, wait: Wait
) -> None:
    assert queue.calls_until(9, "shop") == (1, 9)
    wait(rows=9)
    assert queue.calls_until(9, "shop") == (2, 18)


def test_the_turn_passes_on_where_requests_cannot_share_a_call(
    queue: RequestQueue, wait: Wait
) -> None:
    a, b = [wait("a", rows=4) for _ in range(2)], [wait("b", rows=4) for _ in range(2)]
    assert [queue.take() for _ in range(4)] == [[a[0]], [b[0]], [a[1]], [b[1]]]


def test_inputs_of_another_kind_wait_for_a_call_of_their_own(
    queue: RequestQueue, wait: Wait
) -> None:
    first, other, third = wait(), wait(columns=3), wait()
    assert queue.take() == [first, third]
    assert queue.take() == [other]


def test_texts_of_similar_length_share_a_call(queue: RequestQueue, wait: Wait) -> None:
    queue._most_bytes = 10**9
    short, long, shorter, longer = (wait(characters=n) for n in (12, 900, 11, 1_000))
    assert queue.take() == [short, shorter]
    assert queue.take() == [long, longer]


def test_a_text_may_be_padded_a_little_and_not_to_its_double(
    queue: RequestQueue, wait: Wait
) -> None:
    queue._most_bytes = 10**9
    first, alike, double = (wait(characters=n) for n in (100, 110, 210))
    assert queue.take() == [first, alike]
    assert queue.take() == [double]


def test_the_texts_most_like_the_oldest_join_it(queue: RequestQueue, wait: Wait) -> None:
    queue._most_bytes = 10**9
    oldest = wait(characters=200)
    rest = {n: wait(characters=n) for n in (390, 110, 210, 190, 250)}
    assert queue.take() == [oldest, rest[210], rest[190]]


def test_without_joining_each_request_has_its_call(wait: Wait, queue: RequestQueue) -> None:
    queue.joins = False
    first, second = wait(), wait()
    assert [queue.take(), queue.take()] == [[first], [second]]


def test_a_request_that_is_removed_is_not_called(queue: RequestQueue, wait: Wait) -> None:
    first, gone = wait(), wait("other")
    queue.remove(gone)
    assert (queue.rows, queue.requests) == (1, 1)
    assert queue.take() == [first]

"""The challenger's queue is bounded by rows and bytes."""

import numpy as np
from modelserve.serving.shadow.shadow_queue import ShadowedRequest, ShadowQueue
from modelserve.types import ModelInput


def request(rows: int = 1, size: int = 1) -> ShadowedRequest:
    """Return a request that was answered."""
    given = ModelInput({"features": np.ones((rows, 2), dtype=np.float32)}, rows)
    return ShadowedRequest(given, np.ones((rows, 3), dtype=np.float32), size)


def test_requests_leave_in_the_order_of_their_arrival() -> None:
    queue = ShadowQueue(most_rows=10, most_bytes=10)
    some = [request(rows) for rows in (1, 2, 3)]

    assert queue.add(some) == 0
    assert [queue.take(3), queue.take(3), queue.take(3)] == [some[:2], some[2:], []]


def test_rows_beyond_the_limit_are_dropped_and_counted() -> None:
    queue = ShadowQueue(most_rows=5, most_bytes=100)
    some = [request(rows) for rows in (3, 4, 2)]

    assert queue.add(some) == 4
    assert queue.take(100) == [some[0], some[2]]


def test_bytes_beyond_the_limit_are_dropped_and_counted() -> None:
    queue = ShadowQueue(most_rows=100, most_bytes=10)
    some = [request(2, size) for size in (6, 5, 4)]

    assert queue.add(some) == 2
    assert queue.take(100) == [some[0], some[2]]


def test_what_was_taken_makes_room() -> None:
    queue = ShadowQueue(most_rows=2, most_bytes=2)
    for _ in range(5):
        assert queue.add([request(), request()]) == 0
        assert queue.add([request()]) == 1
        assert len(queue.take(2)) == 2


def test_an_empty_queue_takes_a_request_of_any_size() -> None:
    queue = ShadowQueue(most_rows=2, most_bytes=2)

    assert queue.add([request(50, 50), request()]) == 1
    assert [each.given.rows for each in queue.take(1)] == [50]
    assert queue.add([request(), request()]) == 0

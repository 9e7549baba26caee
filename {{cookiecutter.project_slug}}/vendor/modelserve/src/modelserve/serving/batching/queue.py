"""Requests that wait for the model: consumers take turns, and similar ones are joined."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from ...types import ModelInput
from .joining import kind_of, length_of, size_of, used_of

if TYPE_CHECKING:
    from .outcomes import Answered

# Of joined texts, all padded to the longest, the cost is at most so many times that of each alone.
MOST_PADDED = 1.1


class WaitingRequest:
    """A request that waits for its answer.

    Args:
        given: its input.
        consumer: who asks.
        answer: receives the answer, or the error.
        since: the time of `time.perf_counter` at which it began to wait.
    """

    __slots__ = ("answer", "called", "consumer", "given", "kind", "length", "since", "size", "used")

    def __init__(
        self, given: ModelInput, consumer: str, answer: "asyncio.Future[Answered]", since: float
    ) -> None:
        """Find out what it can be joined with."""
        self.given, self.consumer, self.answer, self.since = given, consumer, answer, since
        self.kind, self.size = kind_of(given), size_of(given)
        # As characters: of the longest row, and of all rows without padding.
        self.length = length_of(given)
        self.used = used_of(given)
        self.called = False  # whether its call has begun


class QueuedCalls(NamedTuple):
    """Calls that are to come, and the rows of all of them."""

    calls: int
    rows: int


class RequestQueue:
    """The waiting requests of each consumer, in the order of their arrival.

    Args:
        rows: of all requests in one call, if they are joined.
        size: of their tensors, in bytes.
        joins: whether requests are joined at all.
    """

    def __init__(self, *, rows: int, size: int, joins: bool) -> None:
        """Start empty."""
        self.most_rows = rows
        self._most_bytes = size
        self.joins = joins
        self._waiting: OrderedDict[str, deque[WaitingRequest]] = OrderedDict()
        self.rows = 0  # that wait
        self.requests = 0

    def add(self, request: WaitingRequest) -> None:
        """Let a request wait."""
        self._waiting.setdefault(request.consumer, deque()).append(request)
        self.rows += request.given.rows
        self.requests += 1

    def remove(self, request: WaitingRequest) -> None:
        """Take a request out that is no longer wanted, or is under way."""
        own = self._waiting[request.consumer]
        own.remove(request)
        if not own:
            del self._waiting[request.consumer]
        self.rows -= request.given.rows
        self.requests -= 1

    def calls_until(self, rows: int, consumer: str | None) -> QueuedCalls:
        """Return the calls up to that of a further request, and its own.

        Args:
            rows: of the request.
            consumer: whose turn it waits for; None for a request behind all that wait.
        """
        requests, ahead = self._ahead_of(consumer)
        calls = requests + (rows > 0)
        if not self.joins:
            return QueuedCalls(calls, ahead + rows)
        calls = min(calls, ceil((ahead + min(rows, self.most_rows)) / self.most_rows))
        # Those behind it in the queue may join its call.
        through = max(ahead + rows, calls * self.most_rows)
        return QueuedCalls(calls, min(self.rows + rows, through))

    def _ahead_of(self, consumer: str | None) -> tuple[int, int]:
        """Return the waiting requests before the next one of a consumer, and their rows."""
        if consumer is None or self._waiting.keys() <= {consumer}:
            return self.requests, self.rows
        turn = len(self._waiting.get(consumer, ()))
        ahead = []
        before = True
        for name, waiting in self._waiting.items():
            before = before and name != consumer
            ahead += [each.given.rows for each in islice(waiting, turn + before)]
        return len(ahead), sum(ahead)

    def take(self) -> list[WaitingRequest]:
        """Return the requests of the next call: the oldest of the consumer whose turn it is first.

        Others of the same kind join it up to the limits, of each consumer in turn; of texts, those
        whose length is most like its own. A request with more rows than the limit goes alone.
        """
        turns = self._in_turns()
        first = next(turns)
        taken = [first]
        if self.joins:
            self._join(taken, [each for each in turns if each.kind == first.kind])
        for each in taken:
            self.remove(each)
        for consumer in dict.fromkeys(each.consumer for each in taken):
            if consumer in self._waiting:
                self._waiting.move_to_end(consumer)
        return taken

    def _in_turns(self) -> Iterator[WaitingRequest]:
        """Yield one request of each consumer, then another one of each, and so on."""
        if len(self._waiting) == 1:
            return iter(next(iter(self._waiting.values())))
        turns = chain.from_iterable(zip_longest(*self._waiting.values()))
        return (each for each in turns if each is not None)

    def _join(self, taken: list[WaitingRequest], others: list[WaitingRequest]) -> None:
        (first,) = taken
        rows, size, used, longest = first.given.rows, first.size, first.used, first.length
        others.sort(key=lambda each: abs(each.length - first.length))
        for each in others:
            if rows >= self.most_rows:
                return
            more, length = rows + each.given.rows, max(longest, each.length)
            fits = more <= self.most_rows and size + each.size <= self._most_bytes
            if fits and more * length <= MOST_PADDED * (used + each.used):
                taken.append(each)
                rows, size = more, size + each.size
                used, longest = used + each.used, length

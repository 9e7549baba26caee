"""What becomes of finished requests, off their path."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from modelserve.serving import observers
from modelserve.serving.observers import RequestLogQueue, RequestObserver
from modelserve.serving.request_context import RequestContext

MakeExchange = Callable[..., RequestContext]
PATIENCE_S = 10


class Kept(RequestObserver):
    """A recorder that keeps what it is handed, and says when it has something."""

    def __init__(self) -> None:
        self.finished: list[RequestContext] = []
        self.something = threading.Event()
        self.closed = 0

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Keep some."""
        self.finished += finished

    def write(self) -> None:
        """Say that there is something."""
        if self.finished:
            self.something.set()

    def close(self) -> None:
        """Count."""
        self.closed += 1


class Broken(RequestObserver):
    """A recorder that fails."""

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Fail."""
        raise OSError(f"no room for {len(finished)}")


class Full(RequestObserver):
    """A recorder whose disk is full."""

    def write(self) -> None:
        """Fail."""
        raise OSError("no space left on device")


class Unclosed(RequestObserver):
    """A recorder that cannot end what it began."""

    def close(self) -> None:
        """Fail."""
        raise OSError("the disk is gone")


class Hanging(RequestObserver):
    """A recorder whose disk takes its time."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def write(self) -> None:
        """Wait to be let go."""
        self.entered.set()
        self.go.wait(PATIENCE_S)


@pytest.fixture
def make_queue() -> Iterator[Callable[..., RequestLogQueue]]:
    """Return a way to journals, which are closed in the end."""
    made = []

    def make(*recorders: Any) -> RequestLogQueue:
        made.append(RequestLogQueue(recorders))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_requests_reach_the_recorders_by_themselves(
    make_queue: Callable[..., RequestLogQueue], make_context: MakeExchange
) -> None:
    kept = Kept()
    make_queue(kept).add(make_context())
    assert kept.something.wait(PATIENCE_S)


def test_every_recorder_is_handed_every_request_in_order(
    make_queue: Callable[..., RequestLogQueue], make_context: MakeExchange
) -> None:
    one, other = Kept(), Kept()
    keeper = make_queue(one, other)
    contexts = [make_context() for _ in range(200)]
    for each in contexts:
        keeper.add(each)
    keeper.flush()
    keeper.flush()
    assert one.finished == other.finished == contexts


def test_a_recorder_that_fails_stops_no_other_and_is_logged(
    make_queue: Callable[..., RequestLogQueue],
    make_context: MakeExchange,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    keeper = make_queue(Broken(), kept)
    keeper.add(make_context())
    keeper.flush()
    assert len(kept.finished) == 1
    assert caplog.messages == ["requests not recorded"]
    assert vars(caplog.records[0])["observer"] == "Broken"
    assert caplog.records[0].exc_info is not None


def test_a_full_slice_is_handed_over_at_once(make_context: MakeExchange) -> None:
    kept = Kept()
    waiting = RequestLogQueue([kept])
    waiting.close()
    for _ in range(observers.SLICE - 1):
        waiting.add(make_context())
    assert not kept.finished
    waiting.add(make_context())
    assert len(kept.finished) == observers.SLICE


def test_a_full_disk_stops_no_other_recorder_and_is_logged(
    make_context: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    waiting = RequestLogQueue([Full(), kept])
    waiting.add(make_context())
    waiting.close()
    assert kept.something.is_set()
    assert vars(caplog.records[0])["observer"] == "Full"


def test_closing_hands_over_what_is_left(make_context: MakeExchange) -> None:
    kept = Kept()
    keeper = RequestLogQueue([kept])
    keeper.add(make_context())
    keeper.close()
    assert len(kept.finished) == 1


def test_closing_closes_each_recorder_and_logs_which_one_cannot_be(
    make_context: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = Kept(), Kept()
    keeper = RequestLogQueue([one, Unclosed(), other])
    keeper.add(make_context())
    keeper.close()
    assert (one.closed, other.closed) == (1, 1)
    assert [vars(each)["observer"] for each in caplog.records] == ["Unclosed"]


def test_a_recorder_does_nothing_that_it_does_not_say(
    make_context: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = RequestLogQueue([RequestObserver()])
    keeper.add(make_context())
    keeper.close()
    assert not caplog.records


def test_while_one_recorder_hangs_the_others_are_handed_all(
    make_context: MakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observers, "PATIENCE_S", 0.01)
    kept, hanging = Kept(), Hanging()
    keeper = RequestLogQueue([hanging, kept])
    assert hanging.entered.wait(PATIENCE_S)
    keeper.add(make_context())
    keeper.close()
    assert (len(kept.finished), kept.closed) == (1, 1)
    hanging.go.set()

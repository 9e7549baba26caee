"""What becomes of finished requests, off their path."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from package.serving import journal
from package.serving.exchange import Exchange
from package.serving.journal import Journal, Recorder

MakeExchange = Callable[..., Exchange]
PATIENCE_S = 10


class Kept(Recorder):
    """A recorder that keeps what it is handed, and says when it has something."""

    def __init__(self) -> None:
        self.finished: list[Exchange] = []
        self.something = threading.Event()
        self.closed = 0

    def record(self, finished: Sequence[Exchange]) -> None:
        """Keep some."""
        self.finished += finished

    def write(self) -> None:
        """Say that there is something."""
        if self.finished:
            self.something.set()

    def close(self) -> None:
        """Count."""
        self.closed += 1


class Broken(Recorder):
    """A recorder that fails."""

    def record(self, finished: Sequence[Exchange]) -> None:
        """Fail."""
        raise OSError(f"no room for {len(finished)}")


class Full(Recorder):
    """A recorder whose disk is full."""

    def write(self) -> None:
        """Fail."""
        raise OSError("no space left on device")


class Unclosed(Recorder):
    """A recorder that cannot end what it began."""

    def close(self) -> None:
        """Fail."""
        raise OSError("the disk is gone")


class Hanging(Recorder):
    """A recorder whose disk takes its time."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def write(self) -> None:
        """Wait to be let go."""
        self.entered.set()
        self.go.wait(PATIENCE_S)


@pytest.fixture
def make_journal() -> Iterator[Callable[..., Journal]]:
    """Return a way to journals, which are closed in the end."""
    made = []

    def make(*recorders: Any) -> Journal:
        made.append(Journal(recorders))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_requests_reach_the_recorders_by_themselves(
    make_journal: Callable[..., Journal], make_exchange: MakeExchange
) -> None:
    kept = Kept()
    make_journal(kept).add(make_exchange())
    assert kept.something.wait(PATIENCE_S)


def test_every_recorder_is_handed_every_request_in_order(
    make_journal: Callable[..., Journal], make_exchange: MakeExchange
) -> None:
    one, other = Kept(), Kept()
    keeper = make_journal(one, other)
    exchanges = [make_exchange() for _ in range(200)]
    for each in exchanges:
        keeper.add(each)
    keeper.hand_over()
    keeper.hand_over()
    assert one.finished == other.finished == exchanges


def test_a_recorder_that_fails_stops_no_other_and_is_logged(
    make_journal: Callable[..., Journal],
    make_exchange: MakeExchange,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    keeper = make_journal(Broken(), kept)
    keeper.add(make_exchange())
    keeper.hand_over()
    assert len(kept.finished) == 1
    assert caplog.messages == ["requests not recorded"]
    assert vars(caplog.records[0])["recorder"] == "Broken"
    assert caplog.records[0].exc_info is not None


def test_a_full_slice_is_handed_over_at_once(make_exchange: MakeExchange) -> None:
    kept = Kept()
    waiting = Journal([kept])
    waiting.close()
    for _ in range(journal.SLICE - 1):
        waiting.add(make_exchange())
    assert not kept.finished
    waiting.add(make_exchange())
    assert len(kept.finished) == journal.SLICE


def test_a_full_disk_stops_no_other_recorder_and_is_logged(
    make_exchange: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    waiting = Journal([Full(), kept])
    waiting.add(make_exchange())
    waiting.close()
    assert kept.something.is_set()
    assert vars(caplog.records[0])["recorder"] == "Full"


def test_closing_hands_over_what_is_left(make_exchange: MakeExchange) -> None:
    kept = Kept()
    keeper = Journal([kept])
    keeper.add(make_exchange())
    keeper.close()
    assert len(kept.finished) == 1


def test_closing_closes_each_recorder_and_logs_which_one_cannot_be(
    make_exchange: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = Kept(), Kept()
    keeper = Journal([one, Unclosed(), other])
    keeper.add(make_exchange())
    keeper.close()
    assert (one.closed, other.closed) == (1, 1)
    assert [vars(each)["recorder"] for each in caplog.records] == ["Unclosed"]


def test_a_recorder_does_nothing_that_it_does_not_say(
    make_exchange: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Journal([Recorder()])
    keeper.add(make_exchange())
    keeper.close()
    assert not caplog.records


def test_while_one_recorder_hangs_the_others_are_handed_all(
    make_exchange: MakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PATIENCE_S", 0.01)
    kept, hanging = Kept(), Hanging()
    keeper = Journal([hanging, kept])
    assert hanging.entered.wait(PATIENCE_S)
    keeper.add(make_exchange())
    keeper.close()
    assert (len(kept.finished), kept.closed) == (1, 1)
    hanging.go.set()

"""What becomes of finished requests, off their path."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from package.serving.exchange import Exchange
from package.serving.journal import Journal

MakeExchange = Callable[..., Exchange]
PATIENCE_S = 10


class Kept:
    """A recorder that keeps what it is handed, and says when it has something."""

    def __init__(self) -> None:
        self.finished: list[Exchange] = []
        self.something = threading.Event()

    def record(self, finished: Sequence[Exchange]) -> None:
        """Keep some."""
        self.finished += finished
        self.something.set()


class Broken:
    """A recorder that fails."""

    def record(self, finished: Sequence[Exchange]) -> None:
        """Fail."""
        raise OSError(f"no room for {len(finished)}")


@pytest.fixture
def make_journal() -> Iterator[Callable[..., Journal]]:
    """Return a way to journals, which are closed in the end."""
    made = []

    def make(*recorders: Any, **changes: Any) -> Journal:
        made.append(Journal(recorders, **changes))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


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
    journal = make_journal(one, other)
    exchanges = [make_exchange() for _ in range(200)]
    for each in exchanges:
        journal.add(each)
    journal.flush()
    assert one.finished == other.finished == exchanges
    assert not journal.flush()


def test_a_recorder_that_fails_stops_no_other_and_is_logged(
    make_journal: Callable[..., Journal],
    make_exchange: MakeExchange,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    journal = make_journal(Broken(), kept)
    journal.add(make_exchange())
    journal.flush()
    assert len(kept.finished) == 1
    assert "requests not recorded" in caplog.messages
    assert vars(caplog.records[0])["recorder"] == "Broken"
    assert caplog.records[0].exc_info is not None


def test_what_a_full_journal_cannot_take_is_counted_in_the_log(
    make_journal: Callable[..., Journal],
    make_exchange: MakeExchange,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept()
    journal = make_journal(kept, limit=0)
    for _ in range(3):
        journal.add(make_exchange())
    journal.flush()
    journal.flush()
    dropped = [vars(each)["dropped"] for each in caplog.records]
    assert not kept.finished
    assert sum(dropped) == 3
    assert caplog.messages[0] == "journal full, requests not recorded"


def test_closing_hands_over_what_is_left(make_exchange: MakeExchange) -> None:
    kept = Kept()
    journal = Journal([kept])
    journal.add(make_exchange())
    journal.close()
    assert len(kept.finished) == 1

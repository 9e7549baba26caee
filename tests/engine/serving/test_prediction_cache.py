"""What was answered is remembered within bounds, and the id of what was forgotten is late."""

import pytest
from modelserve.serving import prediction_cache
from modelserve.serving.prediction_cache import RESOLVED, PredictionCache

START_MS = 1_700_000_000_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        """Return the time."""
        return self.ms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that ledgers look at."""
    made = Clock()
    monkeypatch.setattr(prediction_cache, "_now_ms", made)
    return made


def name(ms: int, number: int = 0) -> str:
    """Return an inference id of a time."""
    return f"{ms:012x}{number:020x}"


def fill(book: PredictionCache, clock: Clock, count: int, *, rows: int = 1) -> list[str]:
    """Remember some answers, one request a millisecond, and return their ids."""
    names = [name(clock.ms + i) for i in range(1, count + 1)]
    for each in names:
        clock.ms += 1
        book.put(each, tuple(f"{each}/{row}" for row in range(rows)))
    return names


def test_each_row_is_known_by_its_id_and_number(clock: Clock) -> None:
    book = PredictionCache(10)
    for each in fill(book, clock, 2, rows=2):
        assert [book.pop(each, row) for row in (1, 0)] == [f"{each}/1", f"{each}/0"]
    assert book.pop(name(clock.ms, 99), 0) is None


@pytest.mark.parametrize("later", [0, 3], ids=["young", "old"])
def test_a_row_is_reported_once(clock: Clock, later: int) -> None:
    book = PredictionCache(6)
    first = fill(book, clock, 1, rows=3)[0]
    fill(book, clock, later)
    told = [book.pop(first, row) for row in (1, 1, 0, 1, 0, 2)]
    assert told == [f"{first}/1", RESOLVED, f"{first}/0", RESOLVED, RESOLVED, f"{first}/2"]


@pytest.mark.parametrize("row", [2, 3, 10**9])
def test_a_row_that_the_request_did_not_have_is_unknown(clock: Clock, row: int) -> None:
    book = PredictionCache(10)
    first = fill(book, clock, 1, rows=2)[0]
    assert book.pop(first, row) is None
    assert book.pop(first, 1) == f"{first}/1"


def test_half_of_the_rows_are_forgotten_at_once_and_the_younger_half_stays(clock: Clock) -> None:
    book = PredictionCache(10)
    names = fill(book, clock, 11)
    answers = [book.pop(each, 0) for each in names]
    assert answers == [*[None] * 5, *(f"{each}/0" for each in names[5:])]


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_no_more_rows_are_remembered_than_there_may_be(clock: Clock, rows: int) -> None:
    book = PredictionCache(20)
    names = fill(book, clock, 100, rows=rows)
    known = [each for each in names if book.pop(each, 0) is not None]
    assert known == names[-len(known) :]
    assert 10 - rows < rows * len(known) <= 20


def test_a_request_of_more_rows_than_half_is_remembered_until_the_next_but_one(
    clock: Clock,
) -> None:
    book = PredictionCache(4)
    large = fill(book, clock, 1, rows=50)[0]
    assert book.pop(large, 49) == f"{large}/49"
    after = fill(book, clock, 2)
    assert book.pop(large, 48) == f"{large}/48"
    after += fill(book, clock, 1)
    assert book.pop(large, 47) is None
    assert [book.pop(each, 0) for each in after] == [f"{each}/0" for each in after]


def test_an_id_from_before_the_start_is_late(clock: Clock) -> None:
    book = PredictionCache(10)
    clock.ms += 10_000
    assert book.is_late(name(START_MS - 1))
    assert not book.is_late(name(START_MS))
    assert not book.is_late(name(START_MS + 99_999))


def test_an_id_from_before_all_that_is_remembered_is_late(clock: Clock) -> None:
    book = PredictionCache(4)
    names = fill(book, clock, 5)
    unknown = [book.pop(each, 0) is None for each in names]
    assert unknown == [True, True, False, False, False]
    assert [book.is_late(each) for each in names] == unknown
    assert not book.is_late(name(clock.ms + 10_000))


@pytest.mark.parametrize("strange", ["", "mine", "0" * 31, "0" * 33, "G" * 32, "\u0660" * 32])
def test_a_name_that_tells_no_time_is_never_late(strange: str) -> None:
    assert not PredictionCache(2).is_late(strange)


@pytest.mark.parametrize("other", ["0A" * 16, "0a" * 15, "10"], ids=["upper", "shorter", "decimal"])
def test_an_id_that_reads_as_the_same_number_is_another_id(other: str) -> None:
    book = PredictionCache(10)
    book.put("0a" * 16, ("own",))
    assert book.pop(other, 0) is None
    book.put(other, ("other",))
    assert [book.pop(each, 0) for each in ("0a" * 16, other)] == ["own", "other"]

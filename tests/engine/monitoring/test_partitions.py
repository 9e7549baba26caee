"""Which files are read, and which are left alone."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from modelserve.errors import MonitoringError
from modelserve.monitoring.partitions import TimeWindow, find_files, find_truth_files, hour_of

TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return captures of the hours from 6 to 14, a file each."""
    for hour in range(6, 15):
        place = tmp_path / "iris" / "AllTraffic" / "2026" / "11" / "21" / f"{hour:02d}"
        place.mkdir(parents=True)
        (place / "a.jsonl").touch()
    return tmp_path


def hours(folder: Path, span: TimeWindow, *, later: bool = False) -> list[int]:
    """Return the hours whose files are read."""
    return [int(path.parent.name) for path in find_files(folder, span, later=later).files]


def test_without_a_window_everything_is_read_in_the_order_of_time(folder: Path) -> None:
    assert hours(folder, TimeWindow()) == list(range(6, 15))


def test_a_window_takes_the_hours_beside_its_own_for_files_are_open_for_a_while(
    folder: Path,
) -> None:
    assert hours(folder, TimeWindow(TEN, TEN + HOUR)) == [9, 10, 11]


def test_a_window_of_minutes_takes_the_hours_on_both_sides(folder: Path) -> None:
    moment = TEN + timedelta(minutes=30)
    assert hours(folder, TimeWindow(moment, moment + timedelta(seconds=1))) == [9, 10, 11]


def test_what_is_learnt_later_is_looked_for_after_the_window(folder: Path) -> None:
    assert hours(folder, TimeWindow(TEN, TEN + HOUR), later=True) == [9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    "deep", ["iris", "iris/AllTraffic", "iris/AllTraffic/2026", "iris/AllTraffic/2026/11/21/10"]
)
def test_any_folder_on_the_way_will_do(folder: Path, deep: str) -> None:
    assert 10 in hours(folder / deep, TimeWindow(TEN, TEN + HOUR))
    assert 6 not in hours(folder / deep, TimeWindow(TEN, TEN + HOUR))


def test_a_folder_that_is_laid_out_otherwise_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    assert find_files(tmp_path, TimeWindow(TEN, TEN + HOUR)).files == (tmp_path / "a.jsonl",)


def test_open_files_are_counted_and_others_are_none_of_ours(folder: Path) -> None:
    place = folder / "iris" / "AllTraffic" / "2026" / "11" / "21" / "10"
    for name in (".b.jsonl.part", ".c.jsonl", "d.csv", "e.jsonl.zst", ".keep"):
        (place / name).touch()
    listing = find_files(folder, TimeWindow(TEN, TEN + HOUR))
    assert listing.open_files == 1
    assert [path.name for path in listing.files] == ["a.jsonl"] * 3


@pytest.mark.parametrize("name", ["nowhere", "a.jsonl"])
def test_what_is_no_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(MonitoringError, match=f"{name} is not a folder"):
        find_files(tmp_path / name, TimeWindow())


def test_ground_truth_that_is_missing_may_count_as_none(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    assert find_truth_files(tmp_path / "nowhere", TimeWindow(), missing_ok=True) == ()
    with pytest.raises(MonitoringError, match=r"a\.jsonl is not a folder"):
        find_truth_files(tmp_path / "a.jsonl", TimeWindow(), missing_ok=True)


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(MonitoringError, match=r"cannot be read: .*denied"):
        find_files(tmp_path, TimeWindow())


def test_a_time_without_a_zone_is_utc_and_any_other_is_turned_into_it() -> None:
    naive = TimeWindow(datetime(2026, 11, 21, 10), None)
    abroad = TimeWindow(datetime(2026, 11, 21, 7, tzinfo=timezone(-3 * HOUR)), None)
    assert naive.since == abroad.since == TEN


@pytest.mark.parametrize("length", [timedelta(0), -HOUR], ids=["empty", "backwards"])
def test_a_window_without_time_is_refused(length: timedelta) -> None:
    with pytest.raises(MonitoringError, match="--since must be the earlier one"):
        TimeWindow(TEN, TEN + length)


@pytest.mark.parametrize(
    ("path", "hour"),
    [
        pytest.param("a/2026/11/21/10", TEN, id="hour"),
        pytest.param("2026/11/21/10", TEN, id="relative"),
        pytest.param("a/2026/13/21/10", None, id="no-month"),
        pytest.param("a/2026/11/21/24", None, id="no-hour"),
        pytest.param("a/2026/11/21", None, id="day"),
        pytest.param("a/2026/11/21/10/b", None, id="below"),
    ],
)
def test_an_hour_is_known_by_its_path(path: str, hour: datetime | None) -> None:
    assert hour_of(Path(path)) == hour

"""What is counted, and what is passed over and told."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.partitions import TimeWindow, find_files

Record = dict[str, Any]
MakeRecord = Callable[..., Record]


@pytest.fixture
def own(trained: Artifact) -> dict[str, Any]:
    """Return how an answer of this model names it."""
    return {
        "model_name": trained.manifest.name,
        "model_version": trained.manifest.version,
        "degraded": False,
    }


@pytest.fixture
def count(trained: Artifact, write_lines: Callable[..., Path]) -> Callable[..., CaptureCounts]:
    """Return a way to what is counted of some lines, in a window from 10 to 11 o'clock."""

    def read(*records: Any, span: TimeWindow | None = None) -> CaptureCounts:
        folder = write_lines(records)
        window = span or TimeWindow(
            datetime(2026, 11, 21, 10, tzinfo=UTC), datetime(2026, 11, 21, 11, tzinfo=UTC)
        )
        reader = CaptureReader(trained, window, None, groups=1, folder=folder)
        return reader.read(find_files(folder, window).files)

    return read


@pytest.fixture
def usual(make_record: MakeRecord, row: Record, own: dict[str, Any]) -> MakeRecord:
    """Return a way to records of this model's, with changes to the answer."""

    def make(*, rows: int = 1, time: str = "2026-11-21T10:30:00Z", **changes: Any) -> Record:
        answer = {"predictions": [{}] * rows, **own, **changes}
        return make_record({"instances": [row] * rows}, answer, time=time)

    return make


@pytest.mark.parametrize("beside", [[], [b"no JSON"]], ids=["at-once", "one-by-one"])
@pytest.mark.parametrize(
    ("time", "inside"),
    [
        ("2026-11-21T09:59:59Z", False),
        ("2026-11-21T09:59:59.999999Z", False),
        ("2026-11-21T10:00:00Z", True),
        ("2026-11-21T10:59:59.999999Z", True),
        ("2026-11-21T11:00:00Z", False),
        ("2026-11-21T13:30:00+03:00", True),
        ("2026-11-21T10:30:00+03:00", False),
    ],
)
def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(
    count: Any, usual: MakeRecord, time: str, inside: bool, beside: list[bytes]
) -> None:
    tally = count(usual(), usual(time=time), *beside)
    assert (tally.records, tally.outside) == ((2, 0) if inside else (1, 1))


def test_the_first_and_the_last_inference_are_noted(count: Any, usual: MakeRecord) -> None:
    minutes = (30, 10, 50, 20)
    tally = count(*(usual(time=f"2026-11-21T10:{minute}:00Z") for minute in minutes))
    assert tally.last_us - tally.first_us == 40 * 60 * 1_000_000


def test_rows_are_counted_not_records(count: Any, usual: MakeRecord) -> None:
    tally = count(usual(rows=3), usual(rows=2), usual())
    assert (tally.records, tally.rows) == (3, 6)
    assert all(each.counts.sum() == 6 for each in tally.inputs.values())


def test_other_versions_and_other_models_are_reported_and_not_counted(
    count: Any, usual: MakeRecord, trained: Artifact
) -> None:
    tally = count(usual(), usual(model_version="0.0.1"), usual(model_name="other"))
    version = trained.manifest.version
    assert tally.versions == Counter({version: 1, "0.0.1": 1, f"other {version}": 1})
    assert (tally.records, tally.rows) == (1, 1)


def test_an_answer_that_was_not_captured_may_be_any_versions(
    count: Any, make_record: MakeRecord, row: Record
) -> None:
    tally = count(make_record({"instances": [row, row]}, None))
    assert tally.versions == Counter({"(unstated)": 1})
    assert tally.rows == 2
    assert all(each.unread == 0 for each in tally.inputs.values())
    assert all(each.unread == 2 for each in tally.outputs.values())


def test_inputs_that_were_not_captured_are_unread(
    count: Any, make_record: MakeRecord, own: dict[str, Any]
) -> None:
    tally = count(make_record(None, {"predictions": [{}, {}], **own}))
    assert tally.rows == 2
    assert all((each.unread, each.counts.sum()) == (2, 0) for each in tally.inputs.values())


def test_degraded_answers_are_no_outputs(count: Any, usual: MakeRecord) -> None:
    tally = count(usual(rows=2), usual(rows=3, degraded=True))
    assert (tally.rows, tally.degraded) == (5, 3)
    assert all(each.counts.sum() == 5 for each in tally.inputs.values())
    assert all(each.unread == 2 for each in tally.outputs.values())


def test_an_error_is_refused_with_whatever_was_asked(
    count: Any, make_record: MakeRecord, usual: MakeRecord
) -> None:
    tally = count(usual(), make_record({"instances": "nonsense"}, {"status": 422}))
    assert (tally.records, tally.rejected) == (1, 1)
    assert tally.errors.foreign == 0


@pytest.mark.parametrize(
    ("asked", "answered", "problem"),
    [
        pytest.param(
            {"instances": [{}]}, {"predictions": [{}] * 2}, "1 rows in the request", id="counts"
        ),
        pytest.param({"instances": []}, {"predictions": []}, "not objects", id="no-row"),
        pytest.param({"instances": [1]}, {"predictions": [{}]}, "not objects", id="row"),
        pytest.param({"instances": [{}]}, {"predictions": [None]}, "not objects", id="prediction"),
        pytest.param({"rows": [{}]}, {"predictions": [{}]}, "unknown format", id="form"),
        pytest.param([{}], {"predictions": [{}]}, "unknown format", id="list"),
        pytest.param({"instances": [{}]}, 5, "expected form", id="number"),
    ],
)
def test_a_body_of_no_known_form_is_foreign(
    count: Any, make_record: Any, usual: Any, own: Any, *, asked: Any, answered: Any, problem: str
) -> None:
    named = {**answered, **own} if isinstance(answered, dict) else answered
    tally = count(usual(), make_record(asked, named), usual())
    assert (tally.records, tally.errors.foreign) == (2, 1)
    assert tally.errors.first[0].line == 2
    assert problem in tally.errors.first[0].detail


def test_records_are_the_same_at_once_or_one_by_one(count: Any, usual: MakeRecord) -> None:
    records = [usual(rows=rows) for rows in (1, 2, 5)]
    together, apart = count(*records), count(*records, usual(model_version="other"))
    assert (together.records, together.rows) == (apart.records, apart.rows) == (3, 8)
    for name, tally in together.inputs.items():
        assert tally.counts.tolist() == apart.inputs[name].counts.tolist()

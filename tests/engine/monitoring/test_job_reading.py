"""What the job reads, what it leaves alone, and when it has nothing to say."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.errors import MonitoringError
from modelserve.monitoring.lines import GONE
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.result import MonitoringResult

Run = Callable[..., MonitoringResult]
ELEVEN = datetime(2026, 11, 21, 11, tzinfo=UTC)


def test_what_was_read_is_reported(job: Run, production: Any, trained: Artifact) -> None:
    late = production.capture(production.rows[:2], time="2026-11-21T12:00:00Z")
    early = production.capture(production.rows[:3])
    folder = production.write([*early, *late, b"{", {}, b""])
    production.write([b"never read"], name=".two.jsonl.part")
    production.write([b"never read"], hour="2026/11/21/05")

    result = job(folder, since=datetime(2026, 11, 21, 9, tzinfo=UTC), until=ELEVEN)

    captures, window = result.captures, result.window
    assert (captures.files, captures.open_files) == (1, 1)
    assert (captures.corrupt, captures.foreign, captures.outside) == (1, 1, 1)
    assert [each.line for each in captures.line_errors] == [3, 4]
    assert captures.versions == {trained.manifest.version: 1}
    assert not captures.unread
    assert (window.records, window.rows) == (1, 3)
    assert window.first == window.last == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert {each.verdict for each in result.fields} == {Verdict.TOO_FEW}


def test_a_broken_link_is_reported_and_the_other_files_are_read(job: Run, production: Any) -> None:
    folder = production.write(production.capture(production.rows[:3]))
    truths = production.write([production.truth(1, "other")], folder="truths")
    for each in (folder, truths):
        (each / "gone.jsonl").symlink_to("nowhere.jsonl")

    result = job(folder, ground_truth=truths)

    assert result.performance
    assert (result.captures.corrupt, result.window.records) == (1, 1)
    for errors in (result.captures.line_errors, result.performance.feedback.line_errors):
        assert [(each.file, each.detail) for each in errors] == [("gone.jsonl", GONE)]


def test_truths_are_distinguished(job: Run, production: Any) -> None:
    (record,) = production.capture(production.rows[:2])
    name, value = record["eventMetadata"]["inferenceId"], production.held_out[0][1]
    first, again = production.truth(value, name), production.truth(value, name)
    folder = production.write([first, again], folder="truths")
    for hour, line in (
        ("12", production.truth(value, name, row=1)),
        ("13", production.truth(value, "other")),
        ("14", b"?"),
        ("15", {}),
    ):
        production.write([line], hour=f"2026/11/21/{hour}", folder="truths")

    result = job(production.write([record]), ground_truth=folder, until=ELEVEN)

    assert result.performance
    told = result.performance.feedback
    assert (told.counted, told.late, told.duplicate, told.unmatched) == (2, 1, 1, 1)
    assert told.corrupt == len(told.line_errors) == 2
    assert result.performance.metrics[0].verdict is Verdict.TOO_FEW


def test_truths_that_meet_no_answer_tell_nothing(job: Run, production: Any) -> None:
    folder = production.write([production.truth(1, "other")], folder="truths")
    result = job(production.write(production.capture(production.rows[:3])), ground_truth=folder)
    assert result.performance
    assert (result.performance.metrics, result.performance.calibration) == ((), ())
    assert result.performance.feedback.unmatched == 1


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        pytest.param([], "1 closed files", id="empty"),
        pytest.param([b"?"], "1 lines that cannot be read; .*, line 1 is not JSON", id="corrupt"),
        pytest.param([{"level": "INFO"}], "line 1 has no 'eventMetadata'", id="foreign"),
    ],
)
def test_captures_of_nothing_are_reported_and_no_report_is_written(
    job: Run, write_lines: Any, output: Path, lines: list[Any], why: str
) -> None:
    with pytest.raises(MonitoringError, match=why):
        job(write_lines(lines))
    assert not output.exists()


def test_a_folder_of_nothing_is_reported(job: Run, tmp_path: Path) -> None:
    (empty := tmp_path / "captures").mkdir()
    with pytest.raises(MonitoringError, match=r"nothing in .*captures to compare .*: no file"):
        job(empty)


def test_a_window_of_nothing_is_reported(job: Run, production: Any) -> None:
    folder = production.write(production.capture(production.rows[:1]))
    with pytest.raises(MonitoringError, match="1 records outside of the window"):
        job(folder, until=datetime(2026, 11, 21, 10, tzinfo=UTC))


def test_another_version_alone_is_reported(
    job: Run, write_lines: Any, make_record: Any, row: Any, trained: Artifact
) -> None:
    answer = {"predictions": [{}], "model_name": trained.manifest.name, "model_version": "0.0.9"}
    with pytest.raises(MonitoringError, match=r"1 records of 0\.0\.9.* as model\.previous"):
        job(write_lines([make_record({"instances": [row]}, answer)]))


def test_an_earlier_report_stays_when_there_is_nothing_new(
    job: Run, production: Any, tmp_path: Path, output: Path
) -> None:
    job(production.write(production.capture(production.rows[:1])))
    before = sorted((path.name, path.read_bytes()) for path in output.iterdir())
    (empty := tmp_path / "none").mkdir()
    with pytest.raises(MonitoringError):
        job(empty)
    assert sorted((path.name, path.read_bytes()) for path in output.iterdir()) == before


def test_a_folder_that_holds_something_else_is_refused_before_anything_is_read(
    job: Run, tmp_path: Path
) -> None:
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(MonitoringError, match="choose another folder"):
        job(tmp_path / "nowhere", output=tmp_path)

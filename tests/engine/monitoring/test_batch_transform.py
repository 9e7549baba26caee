"""Captures of Batch Transform are lists of objects: the job says so, and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import MonitoringError
from modelserve.monitoring.results.result import MonitoringResult

Run = Callable[..., MonitoringResult]
MANIFEST = [{"prefix": "s3://bucket/rows/"}, "one.csv", "two.csv"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("one.jsonl", json.dumps(MANIFEST), id="one-line"),
        pytest.param("one.jsonl", json.dumps(MANIFEST, indent=4), id="many-lines"),
        pytest.param("one.json", json.dumps(MANIFEST), id="json"),
        pytest.param("8e6d", json.dumps(MANIFEST), id="no-suffix"),
        pytest.param(
            "one.jsonl", json.dumps({"output": 1, "SageMakerInferenceId": "1"}), id="its-output"
        ),
    ],
)
def test_its_captures_are_named(job: Run, write_lines: Any, name: str, text: str) -> None:
    folder = write_lines([text.encode()], name=name)
    with pytest.raises(MonitoringError, match=r"is of Batch Transform, .* of an endpoint, or"):
        job(folder)


def test_its_captures_beside_records_are_reported_as_lines(job: Run, production: Any) -> None:
    folder = production.write([*production.capture(production.rows[:3]), MANIFEST])
    result = job(folder)
    assert result.captures.foreign == 1
    assert result.captures.line_errors[0].detail == "does not have the expected form"


def test_files_that_are_passed_over_are_counted_where_nothing_is_read(
    job: Run, tmp_path: Path
) -> None:
    (folder := tmp_path / "captures").mkdir()
    (folder / "one.jsonl.zst").write_bytes(b"?")
    with pytest.raises(MonitoringError, match=r"1 files other than \.jsonl and \.jsonl\.gz"):
        job(folder)

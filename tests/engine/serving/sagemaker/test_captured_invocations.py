"""What is asked and answered in any content type is captured as it was sent, and read back."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.partitions import TimeWindow, find_files
from modelserve.serving.app import wrap

FAMILIES = ("iris", "diabetes", "sentiment")

JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
TYPES = (JSON, CSV, LINES)
ID = "X-Amzn-SageMaker-Inference-Id"
Row = dict[str, Any]
Capture = Callable[..., list[Row]]


def write(content_type: str, rows: list[Row]) -> bytes:
    """Return a body that holds rows, as CSV with a head."""
    if content_type == CSV:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([list(rows[0]), *(row.values() for row in rows)])
        return text.getvalue().encode()
    if content_type == LINES:
        return "\n".join(map(json.dumps, rows)).encode()
    return json.dumps({"instances": rows}).encode()


def counts(counted: CaptureCounts) -> dict[str, dict[str, list[int]]]:
    """Return how many values fell into which bin."""
    return {
        side: {name: each.counts.tolist() for name, each in fields.items()}
        for side, fields in (("inputs", counted.inputs), ("outputs", counted.outputs))
    }


@pytest.fixture
def rows(golden: list[Row], row: Row) -> list[Row]:
    """Return rows, of which a text has what CSV must quote."""
    odd = {k: f'{v},\n"so"' if isinstance(v, str) else v for k, v in row.items()}
    return [odd, *(case["input"] for case in golden)]


@pytest.fixture
def capture(
    make_components: Callable[..., Any], ask: Callable[..., Awaitable[Any]], tmp_path: Path
) -> Capture:
    """Return a way to the records of one request, which lie in a folder of a name of its own."""

    def run(name: str, headers: dict[str, str], body: bytes, **changes: Any) -> list[Row]:
        folder = tmp_path / name
        components = make_components(capture_dir=folder, **changes)
        reply = asyncio.run(ask(wrap(components), "POST", "/invocations", body, headers=headers))
        assert reply.status == 200
        components.log_queue.close()
        return [
            json.loads(line)
            for path in folder.rglob("*.jsonl")
            for line in path.read_bytes().splitlines()
        ]

    return run


@pytest.fixture
def count(trained: Artifact, tmp_path: Path) -> Callable[[str], CaptureCounts]:
    """Return a way to what the monitoring job counts in a folder."""

    def run(name: str) -> CaptureCounts:
        folder = tmp_path / name
        files = find_files(folder, TimeWindow()).files
        return CaptureReader(trained, TimeWindow(), None, groups=1, folder=folder).read(files)

    return run


@pytest.mark.parametrize("answered", TYPES)
@pytest.mark.parametrize("asked", TYPES)
def test_a_record_holds_both_sides_as_they_were_sent(
    capture: Capture, row: Row, asked: str, answered: str
) -> None:
    body = write(asked, [row])
    headers = {
        "content-type": asked,
        "accept": answered,
        ID: "order-7",
        "X-Amzn-SageMaker-Custom-Attributes": "store=7",
    }
    (record,) = capture("captures", headers, body)
    sides = record["captureData"]
    for side, kind in (("endpointInput", asked), ("endpointOutput", answered)):
        assert sides[side]["observedContentType"] == kind
        assert sides[side]["encoding"] == ("CSV" if kind == CSV else "JSON")
    assert sides["endpointInput"]["data"].encode() == body
    assert record["eventMetadata"]["inferenceId"] == "order-7"
    assert record["eventMetadata"]["customAttributes"] == ["store=7"]


def test_requests_that_share_an_inference_id_are_records_of_their_own(
    capture: Capture, count: Callable[[str], CaptureCounts], row: Row
) -> None:
    """Within a second, too: the id may name a session, not a request."""
    for _ in range(3):
        records = capture("captures", {ID: "session-7"}, write(JSON, [row]))
    assert [each["eventMetadata"]["inferenceId"] for each in records] == ["session-7"] * 3
    assert len({each["eventMetadata"]["eventId"] for each in records}) == 3
    assert (count("captures").rows, count("captures").duplicate) == (3, 0)


@pytest.mark.parametrize("encoded", [pytest.param(False, id="text"), pytest.param(True, id="b64")])
@pytest.mark.parametrize("answered", TYPES)
@pytest.mark.parametrize("asked", TYPES)
def test_the_monitoring_job_counts_the_same_whatever_was_spoken(
    capture: Capture,
    count: Callable[[str], CaptureCounts],
    rows: list[Row],
    asked: str,
    answered: str,
    encoded: bool,
) -> None:
    types: Row = {"capture_json_types": (), "capture_csv_types": ()} if encoded else {}
    headers = {"content-type": asked, "accept": answered}
    capture("spoken", headers, write(asked, rows), **types)
    capture("plain", {}, write(JSON, rows))

    spoken, plain = count("spoken"), count("plain")

    assert (spoken.errors.foreign, spoken.rejected) == (0, 0)
    assert spoken.rows == plain.rows == len(rows)
    assert counts(spoken) == counts(plain)
    assert not any(each.unread for each in (spoken.inputs | spoken.outputs).values())


@pytest.mark.parametrize("asked", TYPES)
def test_what_must_not_be_kept_is_not_kept_and_the_rest_is_read(
    capture: Capture, count: Callable[[str], CaptureCounts], row: Row, asked: str
) -> None:
    hidden = next(iter(row))
    secret = "4242.5" if isinstance(row[hidden], float) else "4242"
    value = type(row[hidden])(secret)
    body = write(asked, [row | {hidden: value}])

    (record,) = capture("captures", {"content-type": asked}, body, capture_redact=(hidden,))

    assert secret not in record["captureData"]["endpointInput"]["data"]
    counted = count("captures")
    assert (counted.rows, counted.errors.foreign) == (1, 0)
    unread = {name for name, each in counted.inputs.items() if each.unread}
    assert unread == ({hidden} if hidden in counted.inputs else set(counted.inputs))

"""What a service has captured comes back as what it was asked and answered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.monitoring.counts import CaptureCounts
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.partitions import TimeWindow, find_files
from modelserve.serving.capture import redact
from modelserve.serving.codec import JsonCodec

FAMILIES = ("iris", "diabetes", "sentiment")

Row = dict[str, Any]
Captured = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def count(trained: Artifact, write_lines: Callable[..., Path]) -> Callable[..., CaptureCounts]:
    """Return a way to what is counted of some lines, in one file or in several."""

    def read(*files: list[Any]) -> CaptureCounts:
        for i, lines in enumerate(files):
            folder = write_lines(lines, name=f"{i}.jsonl")
        return CaptureReader(trained, TimeWindow(), None, groups=1, folder=folder).read(
            find_files(folder, TimeWindow()).files
        )

    return read


@pytest.fixture
def rows(golden: list[dict[str, Any]]) -> list[Row]:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


def expected(trained: Artifact, rows: list[Row]) -> dict[str, list[int]]:
    """Return into which bins rows fall, by what the service watches them with."""
    inputs = JsonCodec(trained, max_rows=1_000).inputs
    shapes = trained.read_json(artifact.REFERENCE)["inputs"]
    observed = inputs.observe([inputs.gather(rows)])
    return {name: Bins(shapes[name]).count(values).tolist() for name, values in observed.items()}


def counts(tally: CaptureCounts) -> dict[str, dict[str, list[int]]]:
    """Return what was counted."""
    return {
        "inputs": {name: each.counts.tolist() for name, each in tally.inputs.items()},
        "outputs": {name: each.counts.tolist() for name, each in tally.outputs.items()},
    }


def test_inputs_are_counted_as_the_service_counts_them(
    count: Any, captured: Captured, held_out: Any, trained: Artifact
) -> None:
    rows = [row for row, _ in held_out]
    tally = count(captured(rows, each=7))
    assert tally.rows == len(rows)
    assert counts(tally)["inputs"] == expected(trained, rows)


def test_answers_that_were_rounded_to_be_sent_stay_in_their_bins(
    count: Any, captured: Captured, held_out: Any, trained: Artifact
) -> None:
    # The bins' edges are answers to these very rows: rounded up, they would lie beyond them.
    tally = count(captured([row for row, _ in held_out]))
    for name, shape in trained.read_json(artifact.REFERENCE)["outputs"].items():
        assert tally.outputs[name].counts.tolist() == Bins(shape).reference.tolist()


def test_files_add_up(count: Any, captured: Captured, rows: list[Row]) -> None:
    records = captured(rows, each=1)
    together, apart = count(records), count(records[:5], records[5:])
    assert counts(apart) == counts(together)
    assert (apart.records, apart.rows) == (together.records, together.rows)


def test_answers_of_the_prior_are_among_no_outputs(
    count: Any, captured: Captured, rows: list[Row]
) -> None:
    by_prior, by_model = captured(rows[:4], each=2), captured(rows[4:], each=2)
    for each in by_prior:
        side = each["captureData"]["endpointOutput"]
        side["data"] = side["data"].replace('"degraded":false', '"degraded":true')
    tally, alone = count(by_prior + by_model), count(by_model)
    assert counts(tally)["outputs"] == counts(alone)["outputs"]
    assert (tally.rows, tally.degraded) == (12, 4)


@pytest.mark.parametrize("which", ["first", "all"])
def test_what_capture_has_redacted_is_unread_and_the_rest_is_counted(
    count: Any, captured: Captured, rows: list[Row], trained: Artifact, which: str
) -> None:
    names = [each.name for each in trained.manifest.features][: 1 if which == "first" else None]
    records = captured(rows, each=4)
    for each in records:
        side = each["captureData"]["endpointInput"]
        side["data"] = json.dumps(redact(json.loads(side["data"]), names))

    tally = count(records)

    for name, each in tally.inputs.items():
        unread = name in names or name not in rows[0]  # of a text, other things are watched
        assert (each.unread, each.counts.sum()) == ((12, 0) if unread else (0, 12))
    assert all((each.unread, each.counts.sum()) == (0, 12) for each in tally.outputs.values())

"""Records of a capture are told from everything else that may stand in a line."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.ingest.records import (
    Records,
    parse_records,
    read_times,
)
from modelserve.monitoring.lines import Faults, Values

ASKED, ANSWERED = {"instances": [{"x": 1}]}, {"predictions": [{"y": 2}]}
Record = dict[str, Any]
MakeRecord = Callable[..., Record]


def side(data: str) -> Record:
    """Return one side of a record, in BASE64."""
    return {"observedContentType": "text/csv", "mode": "INPUT", "data": data, "encoding": "BASE64"}


def sifted(*values: Any) -> tuple[Records, Faults]:
    """Return what there is of records among values, and what was told of the others."""
    faults = Faults()
    return parse_records(Values(list(values), range(1, len(values) + 1)), "a.jsonl", faults), faults


def without(record: Record, *path: str) -> Record:
    """Return a record that lacks something."""
    first, *rest = path
    if not rest:
        return {key: value for key, value in record.items() if key != first}
    return {**record, first: without(record[first], *rest)}


def changed(record: Record, value: Any, *path: str) -> Record:
    """Return a record with something else in one place."""
    first, *rest = path
    return {**record, first: changed(record[first], value, *rest) if rest else value}


def test_records_are_read_column_by_column(make_record: MakeRecord) -> None:
    times = ["2026-11-21T10:00:00Z", "2026-11-21T10:00:01.5Z"]
    made = [
        make_record(ASKED, ANSWERED, name=name, time=time)
        for name, time in zip("ab", times, strict=True)
    ]

    found, faults = sifted(*made)

    assert found.ids == ["a", "b"]
    assert found.times_us[1] - found.times_us[0] == 1_500_000
    assert found.asked == [ASKED, ASKED]
    assert found.answered == [ANSWERED, ANSWERED]
    assert found.numbers == range(1, 3)
    assert faults == Faults()


def test_nothing_holds_no_record() -> None:
    found, faults = sifted()
    assert (found.ids, list(found.times_us), found.asked) == ([], [], [])
    assert faults == Faults()


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_json_is_read_in_either_encoding(make_record: MakeRecord, encoding: str) -> None:
    text = '{"instances": [{"x": "é"}]}'
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    found, _ = sifted(make_record(data, None, encoding=encoding))
    assert found.asked == [{"instances": [{"x": "é"}]}]


@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
def test_csv_is_left_as_text_in_either_encoding(make_record: MakeRecord, encoding: str) -> None:
    data = base64.b64encode(b"1,2").decode() if encoding == "BASE64" else "1,2"
    found, _ = sifted(make_record(data, None, encoding=encoding))
    assert found.asked == ["1,2"]


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
@pytest.mark.parametrize("count", [1, 2])
def test_json_lines_are_read_line_by_line_in_either_encoding(
    make_record: MakeRecord, count: int, encoding: str
) -> None:
    text = '{"x": "é"}\r\n\n' * count
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    kind = "Application/JSONLines; charset=utf-8"
    found, faults = sifted(
        make_record(ASKED, ANSWERED), make_record(data, data, encoding=encoding, kind=kind)
    )
    assert found.asked == [ASKED, ({"x": "é"},) * count]
    assert found.answered == [ANSWERED, ({"x": "é"},) * count]
    assert faults == Faults()


def test_either_side_may_be_absent(make_record: MakeRecord) -> None:
    found, faults = sifted(make_record(ASKED, None), make_record(None, ANSWERED))
    assert (found.asked, found.answered) == ([ASKED, None], [None, ANSWERED])
    assert faults == Faults()


def test_the_event_names_an_answer_that_has_no_other_name(make_record: MakeRecord) -> None:
    record = without(make_record(ASKED, ANSWERED), "eventMetadata", "inferenceId")
    found, _ = sifted(changed(record, "event", "eventMetadata", "eventId"))
    assert found.ids == ["event"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda _: 5, "is none of the expected form", id="number"),
        pytest.param(lambda _: None, "is none of the expected form", id="null"),
        pytest.param(lambda _: "text", "is none of the expected form", id="text"),
        pytest.param(lambda _: [], "is none of the expected form", id="list"),
        pytest.param(lambda _: {"level": "INFO"}, "has no 'eventMetadata'", id="log-line"),
        pytest.param(lambda each: without(each, "captureData"), "has no 'captureData'", id="truth"),
        pytest.param(
            lambda each: changed(each, {}, "captureData"),
            "holds neither an input nor an output",
            id="no-side",
        ),
        pytest.param(
            lambda each: changed(each, 5, "captureData"),
            "is none of the expected form",
            id="number-captured",
        ),
        pytest.param(
            lambda each: changed(each, "text", "captureData", "endpointInput"),
            "is none of the expected form",
            id="text-asked",
        ),
        pytest.param(
            lambda each: changed(each, 5, "captureData", "endpointInput", "data"),
            "is none of the expected form",
            id="number-as-data",
        ),
        pytest.param(
            lambda each: changed(each, "XML", "captureData", "endpointInput", "encoding"),
            "has a body of an unknown encoding",
            id="encoding",
        ),
        pytest.param(
            lambda each: changed(each, side("MSwy!"), "captureData", "endpointInput"),
            "base64",
            id="no-base64",
        ),
        pytest.param(
            lambda each: changed(each, '{"torn', "captureData", "endpointOutput", "data"),
            "EOF while parsing",
            id="torn-body",
        ),
        pytest.param(
            lambda each: changed(each, "1,2", "captureData", "endpointOutput", "data"),
            "more than one JSON value",
            id="two-values",
        ),
        pytest.param(
            lambda each: without(each, "eventMetadata", "inferenceTime"),
            "has no 'inferenceTime'",
            id="no-time",
        ),
        pytest.param(
            lambda each: changed(each, "yesterday", "eventMetadata", "inferenceTime"),
            "Invalid isoformat",
            id="no-time-as-such",
        ),
        pytest.param(
            lambda each: changed(each, "2026-13-21T10:00:00Z", "eventMetadata", "inferenceTime"),
            "out of range",
            id="no-such-month",
        ),
        pytest.param(
            lambda each: changed(each, 5, "eventMetadata", "inferenceId"),
            "is none of the expected form",
            id="number-as-name",
        ),
    ],
)
def test_what_is_no_record_is_told_and_the_others_are_read(
    make_record: MakeRecord, change: Callable[[Record], Any], problem: str
) -> None:
    first, wrong, last = (make_record(ASKED, ANSWERED, name=name) for name in "abc")

    found, faults = sifted(first, change(wrong), last)

    assert found.ids == ["a", "c"]
    assert found.asked == [ASKED, ASKED]
    assert list(found.numbers) == [1, 3]
    assert (faults.corrupt, faults.foreign) == (0, 1)
    (place,) = faults.places
    assert (place.file, place.line) == ("a.jsonl", 2)
    assert problem in place.problem


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.000000Z",
        "2026-11-21T10:00:00+00:00",
        "2026-11-21T07:00:00-03:00",
        "2026-11-21T10:00:00.000Z",
    ],
)
def test_a_time_may_be_written_in_several_ways(text: str) -> None:
    expected = np.datetime64("2026-11-21T10:00:00", "us").astype(np.int64)
    assert read_times([text]).tolist() == [expected]


def test_times_written_in_different_ways_keep_their_order() -> None:
    found = read_times(["2026-11-21T07:00:01-03:00", "2026-11-21T10:00:00Z"])
    assert found[0] - found[1] == 1_000_000

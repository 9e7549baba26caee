"""Records of a capture are distinguished from everything else that may stand in a line."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.ingest.records import Records, parse_records, read_times
from modelserve.monitoring.ingest.schema import Request, Response
from modelserve.monitoring.lines import LineErrors, Values
from msgspec.structs import asdict

REQUEST, ASKED = {"instances": [{"x": 1}]}, Request([{"x": 1}])
ANSWERED = Response([{"y": 2}], model_name="m", model_version="1", degraded=False, warnings=[])
RESPONSE = asdict(ANSWERED)
Record = dict[str, Any]
MakeRecord = Callable[..., Record]


def side(data: str) -> Record:
    """Return one side of a record, in BASE64."""
    return {"observedContentType": "text/csv", "mode": "INPUT", "data": data, "encoding": "BASE64"}


def parsed(*values: Any) -> tuple[Records, LineErrors]:
    """Return what there is of records among values, and what was told of the others."""
    errors = LineErrors()
    return parse_records(Values(list(values), range(1, len(values) + 1)), "a.jsonl", errors), errors


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
        make_record(REQUEST, RESPONSE, name=name, time=time)
        for name, time in zip("ab", times, strict=True)
    ]

    actual, errors = parsed(*made)

    assert actual.ids == ["a", "b"]
    assert actual.times_us[1] - actual.times_us[0] == 1_500_000
    assert actual.requests == [ASKED, ASKED]
    assert actual.responses == [ANSWERED, ANSWERED]
    assert actual.numbers == range(1, 3)
    assert errors == LineErrors()


def test_nothing_holds_no_record() -> None:
    actual, errors = parsed()
    assert (actual.ids, list(actual.times_us), actual.requests) == ([], [], [])
    assert errors == LineErrors()


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_json_is_read_in_either_encoding(make_record: MakeRecord, encoding: str) -> None:
    text = '[{"x": "é"}]'
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    actual, _ = parsed(make_record(data, None, encoding=encoding))
    assert actual.requests == [[{"x": "é"}]]


@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
def test_csv_is_left_as_text_in_either_encoding(make_record: MakeRecord, encoding: str) -> None:
    data = base64.b64encode(b"1,2").decode() if encoding == "BASE64" else "1,2"
    actual, _ = parsed(make_record(data, None, encoding=encoding))
    assert actual.requests == ["1,2"]


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
@pytest.mark.parametrize("count", [1, 2])
def test_json_lines_are_read_line_by_line_in_either_encoding(
    make_record: MakeRecord, count: int, encoding: str
) -> None:
    text = '{"x": "é"}\r\n\n' * count
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    kind = "Application/JSONLines; charset=utf-8"
    actual, errors = parsed(
        make_record(REQUEST, RESPONSE), make_record(data, data, encoding=encoding, kind=kind)
    )
    assert actual.requests == [REQUEST, ({"x": "é"},) * count]
    assert actual.responses == [RESPONSE, ({"x": "é"},) * count]
    assert errors == LineErrors()


def test_either_side_may_be_absent(make_record: MakeRecord) -> None:
    actual, errors = parsed(make_record(REQUEST, None), make_record(None, RESPONSE))
    assert (actual.requests, actual.responses) == ([REQUEST, None], [None, RESPONSE])
    assert errors == LineErrors()


def test_the_event_names_an_answer_that_has_no_other_name(make_record: MakeRecord) -> None:
    record = without(make_record(REQUEST, RESPONSE), "eventMetadata", "inferenceId")
    actual, _ = parsed(changed(record, "event", "eventMetadata", "eventId"))
    assert actual.ids == ["event"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param({"eventId": ""}, ("", ""), id="event"),
        pytest.param({"eventId": "", "inferenceId": ""}, ("", ""), id="both"),
        pytest.param({"eventId": "", "inferenceId": "a"}, ("a", "a"), id="inference"),
    ],
)
def test_an_empty_id_is_a_text(
    make_record: MakeRecord, names: Record, expected: tuple[str, str]
) -> None:
    record = without(make_record(REQUEST, RESPONSE), "eventMetadata", "inferenceId")
    event = {**record["eventMetadata"], **names}
    actual, errors = parsed({**record, "eventMetadata": event})
    assert (actual.ids, actual.event_ids) == ([expected[0]], [expected[1]])
    assert errors == LineErrors()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda _: 5, "does not have the expected form", id="number"),
        pytest.param(lambda _: None, "does not have the expected form", id="null"),
        pytest.param(lambda _: "text", "does not have the expected form", id="text"),
        pytest.param(lambda _: [], "does not have the expected form", id="list"),
        pytest.param(lambda _: {"level": "INFO"}, "has no 'eventMetadata'", id="log-line"),
        pytest.param(lambda each: without(each, "captureData"), "has no 'captureData'", id="truth"),
        pytest.param(
            lambda each: changed(each, {}, "captureData"),
            "holds neither an input nor an output",
            id="no-side",
        ),
        pytest.param(
            lambda each: changed(each, 5, "captureData"),
            "does not have the expected form",
            id="number-captured",
        ),
        pytest.param(
            lambda each: changed(each, "text", "captureData", "endpointInput"),
            "does not have the expected form",
            id="text-asked",
        ),
        pytest.param(
            lambda each: changed(each, 5, "captureData", "endpointInput", "data"),
            "does not have the expected form",
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
            lambda each: changed(each, "99999-11-21T10:00:00Z", "eventMetadata", "inferenceTime"),
            "has a time outside the years 1 to 9999",
            id="late-year",
        ),
        pytest.param(
            lambda each: changed(each, "-0001-11-21T10:00:00Z", "eventMetadata", "inferenceTime"),
            "has a time outside the years 1 to 9999",
            id="early-year",
        ),
        pytest.param(
            lambda each: changed(each, 5, "eventMetadata", "inferenceId"),
            "does not have the expected form",
            id="number-as-name",
        ),
    ],
)
def test_what_is_no_record_is_reported_and_the_others_are_read(
    make_record: MakeRecord, change: Callable[[Record], Any], problem: str
) -> None:
    first, wrong, last = (make_record(REQUEST, RESPONSE, name=name) for name in "abc")

    actual, errors = parsed(first, change(wrong), last)

    assert actual.ids == ["a", "c"]
    assert actual.requests == [ASKED, ASKED]
    assert list(actual.numbers) == [1, 3]
    assert (errors.corrupt, errors.foreign) == (0, 1)
    (place,) = errors.first
    assert (place.file, place.line) == ("a.jsonl", 2)
    assert problem in place.detail


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.000000Z",
        "2026-11-21T10:00:00+00:00",
        "2026-11-21T07:00:00-03:00",
        "2026-11-21T10:00:00.000Z",
        "2026-11-21T10:00:00",
    ],
)
def test_a_time_may_be_written_in_several_ways(text: str) -> None:
    expected = np.datetime64("2026-11-21T10:00:00", "us").astype(np.int64)
    assert read_times([text]).tolist() == [expected]


@pytest.mark.parametrize("text", ["2026-11-21T10:00-03Z", "2026-11-21T10:00:00+3Z", "21/11/2026"])
def test_a_time_in_an_unknown_form_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        read_times([text])


def test_times_written_in_different_ways_keep_their_order() -> None:
    actual = read_times(["2026-11-21T07:00:01-03:00", "2026-11-21T10:00:00Z"])
    assert actual[0] - actual[1] == 1_000_000

"""Records of what was asked and answered, as SageMaker's data capture writes them."""

import json
import random
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.collect.consumers import consumer_of
from modelserve.serving.capture import Capture
from modelserve.serving.request_context import RequestContext
from modelserve.types import ModelInput

TEN = 1_795_255_200.0  # 2026-11-21T10:00:00Z
ASKED = b'{"instances": [{"a": 1}]}'
ANSWERED = b'{"predictions":["yes"]}'
NAME = "0123456789abcdef" * 2
ODD = {
    "pretty": b'{\n  "instances": [\r\n\t{"a": 1}\n  ]\n}\n',
    "quotes-and-backslashes": rb'{"a": "\"\\\n\u2028"}',
    "other-letters": '{"a": "é ß 日本 \U0001f600"}'.encode(),
    "other-line-ends": '{"a": "\u2028\u2029\u0085\x7f"}'.encode(),
    "nothing": b"",
}

Make = Callable[..., RequestContext]


class Lines:
    """In the place of a spool: it keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[float, bytes]] = []
        self.closed = False

    def add(self, time_s: float, *lines: bytes) -> None:
        """Keep lines."""
        self.given += [(time_s, line) for line in lines]

    def close(self) -> None:
        """Keep that it was closed."""
        self.closed = True


class Pen:
    """A capture, and what it writes."""

    def __init__(self, settings: Any) -> None:
        self.lines: Any = Lines()
        self.capture = Capture(self.lines, settings)

    def write(self, *finished: RequestContext) -> list[dict[str, Any]]:
        """Capture requests; return their records, each of which must be one line."""
        self.capture.record(finished)
        for _, line in self.lines.given:
            assert line.endswith(b"}\n")
            assert len(line.splitlines()) == 1
        return [json.loads(line) for _, line in self.lines.given]


@pytest.fixture
def pen(make_settings: Callable[..., Any]) -> Callable[..., Pen]:
    """Return a way to captures with some settings."""
    return lambda **changes: Pen(make_settings(**changes))


@pytest.fixture
def answered(make_context: Make) -> Make:
    """Return a way to requests that were answered."""

    def make(**facts: Any) -> RequestContext:
        known = {"given": ModelInput({}, 1), "body": ASKED, "answer": ANSWERED, "time": TEN}
        return make_context(**(known | {"inference_id": NAME} | facts))

    return make


def data(part: dict[str, str]) -> bytes:
    """Return the bytes that a part of a record stands for."""
    text = part["data"].encode()
    return b64decode(text, validate=True) if part["encoding"] == "BASE64" else text


def test_a_record_has_the_form_of_sagemaker(pen: Callable[..., Pen], answered: Make) -> None:
    facts = {"consumer": "shop", "attributes": b"store=7", "content_type": b"application/json"}
    (record,) = pen().write(answered(**facts))
    assert record == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "application/json",
                "mode": "INPUT",
                "data": '{"instances": [{"a": 1}]}',
                "encoding": "JSON",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predictions":["yes"]}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": NAME,
            "customAttributes": ["consumer=shop", "store=7"],
            "inferenceTime": "2026-11-21T10:00:00Z",
            "inferenceId": NAME,
        },
        "eventVersion": "0",
    }


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        pytest.param({"capture_inputs": False}, ["endpointOutput"], id="no-inputs"),
        pytest.param({"capture_outputs": False}, ["endpointInput"], id="no-outputs"),
        pytest.param({"capture_inputs": False, "capture_outputs": False}, [], id="neither"),
    ],
)
def test_either_part_can_be_left_out(
    pen: Callable[..., Pen], answered: Make, changes: dict[str, bool], parts: list[str]
) -> None:
    (record,) = pen(**changes).write(answered())
    assert list(record["captureData"]) == parts
    assert list(record) == ["captureData", "eventMetadata", "eventVersion"]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        pytest.param({}, None, id="nobody"),
        pytest.param({"consumer": "shop"}, ["consumer=shop"], id="consumer"),
        pytest.param({"attributes": b'a="b"'}, ['a="b"'], id="attributes"),
        pytest.param({"attributes": b"\xe9\\"}, ["é\\"], id="odd-attributes"),
        pytest.param({"attributes": b"100%s %d %"}, ["100%s %d %"], id="percent-signs"),
        pytest.param(
            {"attributes": b"consumer=shop"},
            ["consumer=anonymous", "consumer=shop"],
            id="a-name-of-ones-own",
        ),
        pytest.param(
            {"consumer": "app", "attributes": b"consumer=shop"},
            ["consumer=app", "consumer=shop"],
            id="another-name-than-the-keys",
        ),
    ],
)
def test_custom_attributes_are_there_where_there_are_any(
    pen: Callable[..., Pen], answered: Make, facts: dict[str, Any], told: list[str] | None
) -> None:
    (record,) = pen().write(answered(**facts))
    assert record["eventMetadata"].get("customAttributes") == told
    assert consumer_of(told) == facts.get("consumer", "anonymous")


@pytest.mark.parametrize(
    ("header", "observed", "encoding"),
    [
        (b"", "application/json", "JSON"),
        (b"application/json", "application/json", "JSON"),
        (b"Application/JSON; charset=utf-8", "application/json", "JSON"),
        (b"application/x-www-form-urlencoded", "application/x-www-form-urlencoded", "JSON"),
        (b"text/%b", "text/%b", "BASE64"),
        (b"text/csv;header=present", "text/csv", "CSV"),
        (b"application/octet-stream", "application/octet-stream", "BASE64"),
        (b'\xe9"\\', 'é"\\', "BASE64"),
    ],
)
def test_the_content_type_says_how_the_body_is_kept(
    pen: Callable[..., Pen], answered: Make, header: bytes, observed: str, encoding: str
) -> None:
    (record,) = pen().write(answered(content_type=header))
    part = record["captureData"]["endpointInput"]
    assert (part["observedContentType"], part["encoding"]) == (observed, encoding)
    assert data(part) == ASKED
    assert record["captureData"]["endpointOutput"]["encoding"] == "JSON"


def test_an_answer_is_kept_as_its_own_content_type_says(
    pen: Callable[..., Pen], answered: Make
) -> None:
    (record,) = pen().write(answered(answer_type=b"text/csv", answer=b"yes,0.5\n"))
    part = record["captureData"]["endpointOutput"]
    assert part == {
        "observedContentType": "text/csv",
        "mode": "OUTPUT",
        "data": "yes,0.5\n",
        "encoding": "CSV",
    }


def test_which_types_are_kept_as_text_can_be_set(pen: Callable[..., Pen], answered: Make) -> None:
    types = {"capture_json_types": ("application/a",), "capture_csv_types": ("application/b",)}
    names = [b"application/a", b"application/b", b"application/json"]
    records = pen(**types).write(*(answered(content_type=name) for name in names))
    encodings = [each["captureData"]["endpointInput"]["encoding"] for each in records]
    assert encodings == ["JSON", "CSV", "BASE64"]
    assert records[0]["captureData"]["endpointOutput"]["encoding"] == "BASE64"


@pytest.mark.parametrize("header", [b"application/json", b"text/csv", b"application/x"])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_is_sent_and_answered_is_kept_to_the_byte(
    pen: Callable[..., Pen], answered: Make, body: bytes, header: bytes
) -> None:
    (record,) = pen().write(answered(content_type=header, body=body, answer=body))
    assert data(record["captureData"]["endpointInput"]) == body
    assert data(record["captureData"]["endpointOutput"]) == body


def test_each_record_has_its_own_time_and_lies_in_its_own_hour(
    pen: Callable[..., Pen], answered: Make
) -> None:
    used = pen()
    times = [TEN - 0.001, TEN, TEN + 0.999, TEN + 3_599.999, TEN + 3_600]
    records = used.write(*(answered(time=each) for each in times))
    assert [each["eventMetadata"]["inferenceTime"] for each in records] == [
        "2026-11-21T09:59:59Z",
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:59:59Z",
        "2026-11-21T11:00:00Z",
    ]
    hours = [int(time_s) // 3_600 for time_s, _ in used.lines.given]
    assert hours == [int(each) // 3_600 for each in times]


def test_only_what_was_answered_is_captured(
    pen: Callable[..., Pen], answered: Make, make_context: Make
) -> None:
    refused = make_context(status=422, body=ASKED)
    (record,) = pen().write(refused, answered(), make_context(route="/metrics"))
    assert record["eventMetadata"]["inferenceId"] == NAME


@pytest.mark.parametrize("percentage", [0, 0.5, 30, 100])
def test_as_many_are_captured_as_the_percentage_says(
    pen: Callable[..., Pen], answered: Make, monkeypatch: pytest.MonkeyPatch, percentage: float
) -> None:
    drawn = (i / 1_000 for i in range(1_000))
    monkeypatch.setattr(random, "random", lambda: next(drawn))
    records = pen(capture_percentage=percentage).write(
        *(answered(inference_id=f"{i:032x}") for i in range(1_000))
    )
    actual = [int(each["eventMetadata"]["inferenceId"], 16) for each in records]
    assert actual == list(range(int(10 * percentage)))


def test_nothing_captured_is_nothing_handed_over(pen: Callable[..., Pen], answered: Make) -> None:
    used = pen(capture_percentage=0)
    assert not used.write(answered())
    used.capture.close()
    assert used.lines.closed

"""One line for each request, and never its payload."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import pytest
from modelserve import logs
from modelserve.errors import ConfigurationError
from modelserve.serving import request_log
from modelserve.serving.request_context import RequestContext
from modelserve.serving.request_log import RequestLog

MakeExchange = Callable[..., RequestContext]


@pytest.fixture
def level() -> Iterator[Callable[[int], None]]:
    """Return a way to set the least severe level, until the test is over."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    yield root.setLevel
    root.setLevel(before)


def make_handler(render: logs.Render, stream: TextIO) -> "logging.StreamHandler[TextIO]":
    """Return a handler that writes rendered lines to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Formatter(render))
    return handler


def lines(*finished: RequestContext) -> list[dict[str, Any]]:
    """Return what the log writes of requests."""
    stream = io.StringIO()
    log = RequestLog(make_handler(logs.json, stream))
    log.record(finished)
    log.write()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_handler_without_a_stream_is_refused() -> None:
    handler: Any = logging.NullHandler()
    with pytest.raises(ConfigurationError, match=r"logs\.py returned a NullHandler, which has no"):
        RequestLog(handler)


@pytest.mark.usefixtures("level")
def test_a_line_tells_names_figures_and_outcome(make_context: MakeExchange) -> None:
    headers = {b"x-request-id": b"mine", b"x-api-key": b"secret", b"cookie": b"secret"}
    context = make_context(
        headers, consumer="shop", rows=3, degraded=True, seconds=0.0012345, time=1.5
    )
    (line,) = lines(context)
    assert line == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "INFO",
        "name": RequestLog.__module__,
        "line": line["line"],
        "message": "answered",
        "method": "POST",
        "path": "/predict",
        "status": 200,
        "latency_ms": 1.234,
        "consumer": "shop",
        "request_id": "mine",
        "rows": 3,
        "inference_id": "1" * 32,
        "degraded": True,
    }


@pytest.mark.usefixtures("level")
def test_an_answer_can_be_found_by_its_inference_id(make_context: MakeExchange) -> None:
    own, given = lines(make_context(rows=1), make_context({b"x-request-id": b"mine"}, rows=1))
    assert "1" * 32 in (own["request_id"], own.get("inference_id"))
    assert (given["request_id"], given["inference_id"]) == ("mine", "1" * 32)


@pytest.mark.usefixtures("level")
def test_a_failure_names_its_error_and_has_its_level(make_context: MakeExchange) -> None:
    failed, refused = lines(
        make_context(status=500, error="RuntimeError"),
        make_context(status=422, error="InvalidInputError"),
    )
    assert (failed["level"], failed["error"]) == ("ERROR", "RuntimeError")
    assert (refused["level"], refused["error"]) == ("INFO", "InvalidInputError")
    assert "inference_id" not in refused


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize(
    ("header", "trace"),
    [
        pytest.param(b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01", "ab" * 16, id="right"),
        pytest.param(b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01\n", None, id="more"),
        pytest.param(b"anything", None, id="odd"),
    ],
)
def test_a_trace_is_taken_from_its_header(
    make_context: MakeExchange, header: bytes, trace: str | None
) -> None:
    (line,) = lines(make_context({b"traceparent": header}))
    assert line.get("trace") == trace


@pytest.mark.parametrize(
    ("least", "written"),
    [(logging.INFO, [200, 500]), (logging.WARNING, [500]), (logging.CRITICAL, [])],
)
def test_only_levels_that_are_set_are_written(
    make_context: MakeExchange, level: Callable[[int], None], least: int, written: list[int]
) -> None:
    level(least)
    actual = lines(make_context(), make_context(status=500))
    assert [each["status"] for each in actual] == written


@pytest.mark.usefixtures("level")
def test_lines_that_a_stuck_stream_cannot_take_are_dropped_and_counted(
    make_context: MakeExchange, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    log = RequestLog(make_handler(logs.json, stream), limit=1)
    log.record([make_context()])
    log.record([make_context(), make_context()])
    log.write()
    assert len(stream.getvalue().splitlines()) == 1
    assert [vars(each)["dropped"] for each in caplog.records] == [2]


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("profile", ["plain", "json", "aws", "gcp"])
def test_a_line_from_a_template_is_the_line_that_the_format_renders(
    make_context: MakeExchange, make_settings: Callable[..., Any], profile: str
) -> None:
    trace = {b"traceparent": b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01"}
    finished = [
        make_context({b"x-request-id": name} | headers, **facts, seconds=seconds, time=time_s)
        for name, seconds, time_s in ((b"a.b", 0.0012345, 1.5), (b"c_d", 12.0, 1_795_255_200.0))
        for headers in ({}, trace)
        for facts in (
            {"rows": 1},
            {"rows": 3, "degraded": True, "consumer": "shop"},
            {"route": "/50%d %(time)s/{name}", "status": 422, "error": "InvalidInputError"},
            {"status": 500, "error": "ModelError", "method": "PUT"},
            {"rows": 1, "inference_id": name.decode()},
        )
    ]
    formatter = logs.make_formatter(make_settings(log_profile=profile, google_cloud_project="mine"))
    texts = []
    for each in (formatter, logs.Formatter(formatter.render)):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(each)
        log = RequestLog(handler)
        for _ in range(2):  # the second time, from a template that is known
            log.record(finished)
        log.write()
        texts.append(stream.getvalue())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 2 * len(finished)


@pytest.mark.usefixtures("level")
def test_templates_take_bounded_memory(
    make_context: MakeExchange, make_settings: Callable[..., Any]
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.make_formatter(make_settings(log_profile="plain")))
    log = RequestLog(handler)
    log.record([make_context(rows=rows) for rows in range(1, 2 * request_log.MOST_TEMPLATES)])
    log.write()
    assert len(log._templates) <= request_log.MOST_TEMPLATES
    written = re.findall(r" rows=(\d+)", stream.getvalue())
    assert written == [str(rows) for rows in range(1, 2 * request_log.MOST_TEMPLATES)]

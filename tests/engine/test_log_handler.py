"""An error that repeats is written in full now and then, and counted in between."""

# Threads and limits show in private attributes only.
# pylint: disable=protected-access
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from modelserve import logs
from modelserve.log_handler import KEYS, LINE_EVERY_S, TRACEBACK_EVERY_S, LogHandler, make_handler
from modelserve.settings import Settings


class LogOfErrors:
    """A logger with a limited handler, and its lines.

    Attributes:
        now_s: the time.
    """

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self._written = io.StringIO()
        self._logger = logging.Logger("mine")
        handler = LogHandler(self._written, lambda: self.now_s)
        handler.setFormatter(logs.Formatter(logs.json))
        self._logger.addHandler(handler)

    def fail(self, error: Callable[[], Any], **fields: object) -> None:
        """Log an exception of a call."""
        try:
            error()
        except Exception:  # pylint: disable=broad-exception-caught
            self._logger.exception("failed", extra=fields)

    def error(self, message: str) -> None:
        """Log an error that is no exception."""
        self._logger.error(message)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was written."""
        return [json.loads(line) for line in self._written.getvalue().splitlines()]


def divide() -> float:
    """Fail."""
    return 1 / 0


def look_up() -> object:
    """Fail in another way."""
    return dict[str, object]()["missing"]


@pytest.fixture
def log() -> LogOfErrors:
    """Return a log in memory."""
    return LogOfErrors()


def test_the_first_of_many_equal_errors_is_written_in_full_and_the_next_are_left_out(
    log: LogOfErrors,
) -> None:
    for number in range(100):
        log.fail(divide, request_id=number)
    (line,) = log.lines
    assert (line["message"], line["request_id"]) == ("failed", 0)
    assert line["traceback"].endswith("ZeroDivisionError: division by zero")
    assert "repeated" not in line


def test_in_between_there_is_one_line_a_second_with_the_number_that_was_left_out(
    log: LogOfErrors,
) -> None:
    for _ in range(30):
        log.fail(divide)
        log.now_s += LINE_EVERY_S / 4
    first, *lines = log.lines
    assert "traceback" in first
    assert [(each["error"], each["repeated"]) for each in lines] == [("ZeroDivisionError", 3)] * 7
    assert not any("traceback" in each for each in lines)


def test_after_the_interval_it_is_written_in_full_again_with_the_number(log: LogOfErrors) -> None:
    for _ in range(6):
        log.fail(divide)
    log.now_s += TRACEBACK_EVERY_S
    log.fail(divide)
    log.now_s += TRACEBACK_EVERY_S
    log.fail(divide)
    assert ["traceback" in each for each in log.lines] == [True] * 3
    assert [each.get("repeated") for each in log.lines] == [None, 5, None]


def test_errors_of_other_types_or_places_are_written_each(log: LogOfErrors) -> None:
    for _ in range(3):
        for failing in (divide, look_up, lambda: 1 / 0):
            log.fail(failing)
    assert len(log.lines) == 3


def test_an_error_without_a_traceback_is_not_limited(log: LogOfErrors) -> None:
    for _ in range(3):
        log.error("wrong")
    assert len(log.lines) == 3


def test_other_handlers_receive_every_record_as_it_is(
    log: LogOfErrors, caplog: pytest.LogCaptureFixture
) -> None:
    log._logger.addHandler(caplog.handler)
    log.now_s += 1
    for _ in range(3):
        log.fail(divide)
        log.now_s += LINE_EVERY_S
    assert [bool(each.exc_info) for each in caplog.records] == [True] * 3


def test_no_more_errors_are_told_apart_than_there_may_be(log: LogOfErrors) -> None:
    for number in range(3 * KEYS):
        scope: dict[str, Any] = {}
        exec(compile("\n" * number + "def fail(): raise OSError", "x", "exec"), scope)  # pylint: disable=exec-used
        log.fail(scope["fail"])
    (handler,) = log._logger.handlers
    assert len(handler._repetitions) == KEYS  # type: ignore[attr-defined]


def test_the_handler_has_the_configured_format(capsys: pytest.CaptureFixture[str]) -> None:
    handler = make_handler(Settings(log_profile="aws"))
    with handler.stream:
        handler.handle(logging.makeLogRecord({"msg": "done", "levelname": "INFO"}))
    assert json.loads(capsys.readouterr().out)["message"] == "done"

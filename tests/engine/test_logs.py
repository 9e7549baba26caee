"""Logs, for people and for machines, and what cannot be smuggled into them."""

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, logs
from modelserve.settings import Settings

NASTY = 'a\nb\r\t\x1b[31m\x00"\\ \x85\u2028\x9b \udc80 é'
RENDERERS = [
    pytest.param(logs.plain, id="plain"),
    pytest.param(logs.json, id="json"),
    pytest.param(logs.aws, id="aws"),
    pytest.param(logs.gcp("project"), id="gcp"),
]


def entry(message: str = "done", traceback: str = "", **fields: object) -> logs.Entry:
    """Return an entry of the first second and a half."""
    return logs.Entry(1.5, 42, "modelserve.module", "INFO", message, fields, traceback)


def test_a_plain_line_has_time_line_name_level_message_and_fields() -> None:
    line = logs.plain(entry(rows=3, latency_ms=0.25, path="/predict", said="two words"))
    clock, rest = line.split(" ", maxsplit=1)
    assert clock.endswith(".500")
    assert rest.split() == [
        *("42", "modelserve.module", "INFO", "done"),
        *("rows=3", "latency_ms=0.25", "path=/predict", 'said="two', 'words"'),
    ]


def test_a_json_line_has_the_same_and_is_in_utc() -> None:
    assert json.loads(logs.json(entry(rows=3, traceback="Traceback"))) == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "INFO",
        "name": "modelserve.module",
        "line": 42,
        "message": "done",
        "rows": 3,
        "traceback": "Traceback",
    }


def test_aws_finds_its_time_stamp() -> None:
    line = json.loads(logs.aws(entry(time_s=1)))
    assert line["timestamp"] == "1970-01-01T00:00:01.500Z"
    assert (line["level"], line["message"], line["time_s"]) == ("INFO", "done", 1)
    assert "time" not in line


def test_google_finds_severity_request_and_trace() -> None:
    request = {"method": "POST", "path": "/predict", "status": 200, "latency_ms": 1.5}
    line = json.loads(logs.gcp("mine")(entry(**request, trace="abc", rows=3)))
    assert line == {
        "severity": "INFO",
        "time": "1970-01-01T00:00:01.500Z",
        "message": "done",
        "logging.googleapis.com/sourceLocation": {"file": "modelserve.module", "line": "42"},
        "logging.googleapis.com/trace": "projects/mine/traces/abc",
        "httpRequest": {
            "requestMethod": "POST",
            "requestUrl": "/predict",
            "status": 200,
            "latency": "0.001500s",
        },
        "rows": 3,
    }


def test_google_groups_errors_by_the_traceback_in_their_message() -> None:
    line = json.loads(logs.gcp("")(entry(traceback="Traceback", trace="abc")))
    assert line["message"] == "done\nTraceback"
    assert line["trace"] == "abc"
    assert "httpRequest" not in line


@pytest.mark.parametrize("render", RENDERERS)
def test_no_message_and_no_field_makes_a_second_line_or_commands_a_terminal(
    render: logs.Render,
) -> None:
    for line in (render(entry(NASTY)), render(entry(field=NASTY))):
        assert not {"\n", "\r", "\t", "\x1b", "\x00", "\udc80"} & set(line)
        line.encode()


@pytest.mark.parametrize("text", [NASTY, "a\x85\u2028\x9b31m\u202eb", "é\n\N{GRINNING FACE}"])
def test_a_plain_line_is_printable_throughout(text: str) -> None:
    assert logs.plain(entry(text, field=text)).isprintable()


def test_a_plain_line_shows_what_it_had_to_escape() -> None:
    line = logs.plain(entry("a\nb\x85é", field="a\nb\x85é"))
    assert line.endswith(r'a\nb\x85é field="a\nb\x85é"')


@pytest.mark.parametrize("render", RENDERERS[1:])
def test_a_machines_line_gives_every_character_back(render: logs.Render) -> None:
    line = json.loads(render(entry(NASTY, field=NASTY)))
    assert (line["message"], line["field"]) == (NASTY, NASTY)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Path("a"), object, b"\xff", {1, 2}])
@pytest.mark.parametrize("render", RENDERERS[1:])
def test_a_machines_line_is_json_whatever_its_fields_are(
    render: logs.Render, value: object
) -> None:
    line = json.loads(render(entry(field=value)), parse_constant=pytest.fail)
    assert line["field"]


def test_a_plain_field_cannot_pass_for_another() -> None:
    assert logs.plain(entry(one='1 two=2 "')).endswith('one="1 two=2 \\""')


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Return the root logger, free to be configured; it is put back afterwards."""
    logger = logging.getLogger()
    level = logger.level
    monkeypatch.setattr(logger, "handlers", [])
    yield logger
    logger.setLevel(level)
    logging.captureWarnings(False)


def test_every_logger_writes_to_standard_output_in_one_form(
    project: Project, root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    with project.configure_logging(Settings(log_profile="json", log_level="INFO")).stream:
        logging.getLogger("a.library").info("%s things", 3, extra={"more": [1]})
        logging.getLogger("a.library").debug("unwanted")
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["name"], line["message"], line["more"]) == ("a.library", "3 things", [1])
    assert line["line"] > 0
    assert len(root.handlers) == 1


@pytest.mark.usefixtures("root")
def test_an_exception_is_written_with_its_traceback(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with project.configure_logging(Settings(log_profile="plain")).stream:
        try:
            raise ValueError("broken")
        except ValueError:
            logging.getLogger("mine").exception("failed", extra={"request_id": "abc"})
    head, *rest = capsys.readouterr().out.splitlines()
    assert head.endswith("mine ERROR   failed request_id=abc")
    assert rest[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in rest)
    assert rest[-1] == "  ValueError: broken"


@pytest.mark.usefixtures("root")
def test_warnings_are_logged(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    stream = project.configure_logging(Settings(log_profile="json")).stream
    with stream, warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old", FutureWarning, stacklevel=1)
    line = json.loads(capsys.readouterr().out)
    assert line["name"] == "py.warnings"
    assert "FutureWarning: old" in line["message"]


@pytest.mark.usefixtures("root")
def test_each_start_has_its_own_file_named_by_its_time(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "logs"
    handler = project.configure_logging(Settings(log_dir=folder))
    with handler.stream:
        logging.getLogger("mine").warning("ünïcode")
    (path,) = folder.iterdir()
    assert path.name[:10].count("-") == 2
    assert path.suffix == ".log"
    assert path.read_text(encoding="utf-8").endswith("mine WARNING ünïcode\n")


def test_the_profile_that_is_set_is_used() -> None:
    profiles: Any = ("plain", "json", "aws", "gcp")
    first = {
        name: logs.make_formatter(Settings(log_profile=name)).render(entry())[:12]
        for name in profiles
    }
    assert first["json"] == '{"time":"197'
    assert first["aws"] == '{"timestamp"'
    assert first["gcp"] == '{"severity":'
    assert first["plain"][:4].isdigit()

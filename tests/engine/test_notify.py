"""Failures are reported, and a report never becomes a failure itself."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import BaseServer
from typing import Any

import pytest
from modelserve import notify
from modelserve.settings import Settings

PATIENCE_S = 10


class Webhook(HTTPServer):
    """A webhook that keeps what it is sent and answers with a status of the test's choice."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Hearing)
        self.status = status
        self.heard: list[Any] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class Hearing(BaseHTTPRequestHandler):
    """One message to the webhook."""

    server: Webhook

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Keep the content."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(content))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""


@pytest.fixture(params=[pytest.param(200, id="works"), pytest.param(500, id="fails")])
def webhook(request: pytest.FixtureRequest, listen: Callable[[BaseServer], None]) -> Webhook:
    """Return a webhook that listens."""
    server = Webhook(request.param)
    listen(server)
    return server


class Told:
    """A sender that keeps what it is given, after it was let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.texts: list[str] = []
        self.entered = threading.Event()
        self.go = threading.Event()
        if not held:
            self.go.set()

    def send(self, text: str) -> None:
        """Keep a text."""
        self.entered.set()
        self.go.wait(PATIENCE_S)
        self.texts.append(text)


def test_a_message_reaches_the_webhook_and_its_failure_is_only_logged(
    webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = notify.make_notifier(Settings(webhook_url=webhook.url, webhook_timeout_s=PATIENCE_S))
    notifier.notify("key", "the model “failed”")
    notifier.drain()
    assert webhook.heard == [{"text": "the model “failed”"}]
    errors = [vars(each)["error"] for each in caplog.records]
    assert errors == ([] if webhook.status == 200 else ["HTTPError: 500"])


def test_a_webhook_that_is_not_there_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Webhook(200) as server:
        url = server.url
    notifier = notify.make_notifier(Settings(webhook_url=url, webhook_interval_s=0))
    notifier.notify("key", "one")
    notifier.notify("key", "two")
    notifier.drain()
    assert caplog.messages == ["notification failed"] * 2
    errors = [vars(each)["error"] for each in caplog.records]
    assert all(each.startswith("ConnectionRefusedError") for each in errors)
    assert url not in "".join(errors)


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("http://user:pass@127.0.0.1/token", "InvalidURL"),
        ("http://127.0.0.1/token\x7f", "InvalidURL"),
        ("http://127.0.0.1/token\xe9", "UnicodeEncodeError: ordinal not in range(128)"),
    ],
)
def test_an_error_shows_nothing_of_the_address(
    caplog: pytest.LogCaptureFixture, url: str, logged: str
) -> None:
    notifier = notify.Notifier(notify.slack_webhook(url, timeout_s=PATIENCE_S), interval_s=0)
    notifier.notify("key", "text")
    notifier.drain()
    (record,) = caplog.records
    assert vars(record)["error"] == logged


def test_the_same_failure_is_reported_once_in_a_while() -> None:
    told = Told()
    notifier = notify.Notifier(told.send, interval_s=60)
    for text in ("first", "second", "third"):
        notifier.notify("one", text)
    notifier.notify("other", "another")
    notifier.drain()
    assert told.texts == ["first", "another"]


def test_what_was_held_back_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(notify.time, "monotonic", lambda: now[0])
    told = Told()
    notifier = notify.Notifier(told.send, interval_s=60)
    for seconds in (0, 30, 59, 60, 120, 121):
        now[0] = 1_000.0 + seconds
        notifier.notify("key", f"at {seconds}")
    notifier.drain()
    assert told.texts == ["at 0", "at 60 (2 more like it)", "at 120"]


def test_a_flood_is_dropped_while_the_webhook_hangs(caplog: pytest.LogCaptureFixture) -> None:
    told = Told(held=True)
    notifier = notify.Notifier(told.send, interval_s=60, limit=2)
    notifier.notify("first", "first")
    assert told.entered.wait(PATIENCE_S)
    for i in range(5):
        notifier.notify(f"key {i}", f"text {i}")
    told.go.set()
    notifier.drain()
    assert told.texts == ["first", "text 0", "text 1"]
    assert caplog.messages == ["notification dropped"] * 3


def test_only_so_many_failures_are_remembered() -> None:
    told = Told()
    notifier = notify.Notifier(told.send, interval_s=60, limit=5_000)
    for i in range(1_001):
        notifier.notify(f"key {i}", "new")
    notifier.notify("key 1000", "remembered")
    notifier.notify("key 0", "forgotten")
    notifier.drain()
    assert told.texts == ["new"] * 1_001 + ["forgotten"]


def test_without_a_webhook_nobody_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    notifier = notify.make_notifier(Settings(webhook_url=None))
    notifier.notify("key", "text")
    notifier.drain()
    assert not caplog.messages

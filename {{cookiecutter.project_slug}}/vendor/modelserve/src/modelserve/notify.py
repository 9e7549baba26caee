"""Reports failures to a webhook; its own failures affect no request."""

import logging
import queue
import threading
import time
import urllib.request
from collections.abc import Callable

from pydantic_core import to_json

from .settings import Settings

log = logging.getLogger(__name__)

LONGEST = 200  # characters of an error

Send = Callable[[str], None]


def slack_webhook(url: str, *, timeout_s: float) -> Send:
    """Return a sender that posts `{"text": …}`, which Slack, Mattermost and Teams accept."""

    def send(text: str) -> None:
        request = urllib.request.Request(  # noqa: S310  the operator sets this address
            url, data=to_json({"text": text}), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            response.read()

    return send


class Notifier:
    """Sends messages from a thread of its own, each at most once per interval.

    Args:
        send: delivers one text; may fail or hang.
        interval_s: repetitions of a key within it are only counted.
        limit: of queued messages; more are dropped.
    """

    def __init__(self, send: Send, *, interval_s: float, limit: int = 16) -> None:
        """Start the thread."""
        self._send = send
        self._interval_s = interval_s
        self._sent: dict[str, tuple[float, int]] = {}
        self._queue: queue.Queue[str] = queue.Queue(maxsize=limit)
        threading.Thread(target=self._run, name="notifier", daemon=True).start()

    def notify(self, key: str, text: str) -> None:
        """Queue a message, unless its key was sent within the interval; never wait, never raise."""
        now = time.monotonic()
        sent, repeated = self._sent.get(key, (float("-inf"), 0))
        if now - sent < self._interval_s:
            self._sent[key] = (sent, repeated + 1)
            return
        self._sent[key] = (now, 0)
        if len(self._sent) > 1_000:
            self._sent.pop(next(iter(self._sent)))
        try:
            self._queue.put_nowait(f"{text} ({repeated} more like it)" if repeated else text)
        except queue.Full:
            log.warning("notification dropped", extra={"key": key})

    def drain(self) -> None:
        """Wait until every queued message was sent, or failed."""
        self._queue.join()

    def _run(self) -> None:
        while True:
            text = self._queue.get()
            try:
                self._send(text)
            except Exception as error:  # pylint: disable=broad-exception-caught
                # A webhook may fail in any way; the service goes on.
                log.warning("notification failed", extra={"error": describe(error)})
            finally:
                self._queue.task_done()


def describe(error: Exception) -> str:
    """Return an error of a webhook without any part of its address, which is a secret."""
    cause = getattr(error, "reason", None)
    if not isinstance(cause, Exception):
        cause = error
    details = (getattr(cause, name, None) for name in ("code", "reason", "strerror"))
    detail = next(filter(None, details), "")
    return f"{type(cause).__name__}: {detail}"[:LONGEST] if detail else type(cause).__name__


def make_notifier(settings: Settings) -> Notifier:
    """Return a notifier for the configured webhook; without one, it sends nothing."""
    if settings.webhook_url is None:
        return Notifier(lambda _: None, interval_s=settings.webhook_interval_s)
    send = slack_webhook(
        settings.webhook_url.get_secret_value(), timeout_s=settings.webhook_timeout_s
    )
    return Notifier(send, interval_s=settings.webhook_interval_s)

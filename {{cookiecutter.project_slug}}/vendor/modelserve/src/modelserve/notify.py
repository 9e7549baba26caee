"""Tells people of a failure through a webhook, without ever becoming a failure itself."""

import logging
import queue
import threading
import time
import urllib.request
from collections.abc import Callable

from pydantic_core import to_json

from .settings import Settings

log = logging.getLogger(__name__)

Send = Callable[[str], None]


def slack_webhook(url: str, *, timeout_s: float) -> Send:
    """Return a sender that posts `{"text": …}`, which Slack, Mattermost and Teams take."""

    def send(text: str) -> None:
        request = urllib.request.Request(  # noqa: S310  the operator sets this address
            url, data=to_json({"text": text}), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            response.read()

    return send


class Notifier:
    """Sends messages from a thread of its own: the same one once in a while, few at once.

    Args:
        send: delivers one text; may fail or hang.
        interval_s: a message with a known key is held back for this long, and then counted.
        limit: messages that may wait; more are dropped, for a flood helps nobody.
    """

    def __init__(self, send: Send, *, interval_s: float, limit: int = 16) -> None:
        """Start the thread."""
        self._send = send
        self._interval_s = interval_s
        self._told: dict[str, tuple[float, int]] = {}
        self._waiting: queue.Queue[str] = queue.Queue(maxsize=limit)
        threading.Thread(target=self._run, name="notifier", daemon=True).start()

    def tell(self, key: str, text: str) -> None:
        """Queue a message unless its key was told of lately; never wait, never raise."""
        now = time.monotonic()
        told, held_back = self._told.get(key, (float("-inf"), 0))
        if now - told < self._interval_s:
            self._told[key] = (told, held_back + 1)
            return
        self._told[key] = (now, 0)
        if len(self._told) > 1_000:
            self._told.pop(next(iter(self._told)))
        try:
            self._waiting.put_nowait(f"{text} ({held_back} more like it)" if held_back else text)
        except queue.Full:
            log.warning("notification dropped", extra={"key": key})

    def drain(self) -> None:
        """Wait until every queued message was tried."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            text = self._waiting.get()
            try:
                self._send(text)
            except Exception as error:  # pylint: disable=broad-exception-caught
                # Whatever the webhook's trouble is, the service has nothing to do with it.
                log.warning("notification failed", extra={"error": repr(error)})
            finally:
                self._waiting.task_done()


def make_notifier(settings: Settings) -> Notifier:
    """Return a notifier to the webhook that is set, or one that has nobody to tell."""
    if settings.webhook_url is None:
        return Notifier(lambda _: None, interval_s=settings.webhook_interval_s)
    send = slack_webhook(
        settings.webhook_url.get_secret_value(), timeout_s=settings.webhook_timeout_s
    )
    return Notifier(send, interval_s=settings.webhook_interval_s)

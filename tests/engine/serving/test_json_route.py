"""The framework's routes read their bodies as the hot path does: the key first, within limits."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.hot_path import HotPath
from modelserve.serving.observers import RequestObserver
from modelserve.serving.request_context import RequestContext

MakeComponents = Callable[..., Any]
KEY = {"x-api-key": "open"}


class Kept(RequestObserver):
    """A recorder that keeps what it is handed."""

    def __init__(self) -> None:
        self.finished: list[RequestContext] = []

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Keep some."""
        self.finished += finished


@pytest.fixture
def app(make_components: MakeComponents, tmp_path: Path) -> HotPath:
    """Return a service that asks for a key, and takes up to a kilobyte in a hundredth second."""
    path = tmp_path / "keys"
    path.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    return wrap(make_components(api_keys_file=path, max_body_bytes=1_024, body_timeout_s=0.01))


@pytest.fixture
def outcome(truth: dict[str, Any]) -> bytes:
    """Return feedback on an answer that nobody has given."""
    return json.dumps({"outcomes": [{"inference_id": "x", **truth}]}).encode()


@pytest.mark.parametrize("path", ["/feedback", "/v2/models/another/infer"])
def test_no_body_is_waited_for_whose_sender_is_not_known(app: HotPath, ask: Any, path: str) -> None:
    reply = asyncio.run(ask(app, "POST", path, b"half", then="stall"))
    assert reply.status == 401


def test_a_body_that_comes_in_parts_is_read_whole(app: HotPath, ask: Any, outcome: bytes) -> None:
    parts = (outcome[:5], b"", outcome[5:9], outcome[9:])
    reply = asyncio.run(ask(app, "POST", "/feedback", *parts, headers=KEY))
    assert (reply.status, reply.json()["unknown"]) == (200, 1)


@pytest.mark.parametrize(
    ("parts", "then", "refusal"),
    [
        pytest.param((b"x" * 600, b"x" * 600), "end", (413, "body-too-large"), id="too-long"),
        pytest.param((b"x" * 600,) * 9, "stall", (413, "body-too-large"), id="without-end"),
        pytest.param((b"{",), "stall", (408, "slow-body"), id="too-slow"),
        pytest.param((b"{",), "disconnect", (400, "client-gone"), id="gone"),
    ],
)
def test_a_body_beyond_its_limits_is_refused(
    app: HotPath, ask: Any, parts: tuple[bytes, ...], then: str, refusal: tuple[int, str]
) -> None:
    reply = asyncio.run(ask(app, "POST", "/feedback", *parts, headers=KEY, then=then))
    status, kind = refusal
    assert (reply.status, reply.json()["type"]) == (status, f"urn:problem:{kind}")
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/feedback", "/v2/models/{}/infer"])
def test_a_byte_order_mark_is_named(app: HotPath, ask: Any, trained: Any, path: str) -> None:
    path = path.format(trained.manifest.name)
    reply = asyncio.run(ask(app, "POST", path, b"\xef\xbb\xbf{}", headers=KEY))
    assert reply.status == 400
    assert "it must be UTF-8 without a byte-order mark" in reply.body.decode()


def test_a_body_that_says_it_is_too_long_is_not_even_read(app: HotPath, ask: Any) -> None:
    headers = KEY | {"content-length": "1025"}
    reply = asyncio.run(ask(app, "POST", "/feedback", b"", headers=headers, then="stall"))
    assert reply.status == 413


@pytest.mark.parametrize("path", ["/v2", "/v2/health/ready", "/health/live", "/metrics"])
def test_a_route_without_a_body_waits_for_none_and_asks_for_no_key(
    app: HotPath, ask: Any, path: str
) -> None:
    assert asyncio.run(ask(app, "GET", path, b"half", then="stall")).status == 200


def test_a_refusal_is_reported_in_the_requests_own_line(
    make_components: MakeComponents, ask: Any
) -> None:
    kept = Kept()
    components = make_components(observers=[kept])
    asyncio.run(ask(wrap(components), "POST", "/feedback", b"{"))
    components.log_queue.flush()
    (finished,) = kept.finished
    assert (finished.route, finished.status, finished.error, finished.reason) == (
        "/feedback",
        400,
        "MalformedError",
        "malformed-body",
    )

"""The limits of a request: size, time, rows, and predictions under way."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.components import Components
from modelserve.serving.request_context import RequestContext
from starlette.testclient import TestClient

MakeClient = Callable[..., TestClient]
MakeComponents = Callable[..., Components]
Ask = Callable[..., Awaitable[Any]]
Row = dict[str, Any]
PATIENCE_S = 10
JSON = {"content-type": "application/json"}


class Kept:
    """A recorder that keeps what it is handed."""

    def __init__(self) -> None:
        self.finished: list[RequestContext] = []

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Keep some."""
        self.finished += finished

    def write(self) -> None:
        """Write nothing."""


def test_more_rows_than_allowed_are_refused(make_client: MakeClient, row: Row) -> None:
    client = make_client(max_rows=2)
    assert client.post("/predict", json={"instances": [row] * 2}).status_code == 200
    response = client.post("/predict", json={"instances": [row] * 3})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/instances"


@pytest.mark.parametrize("streamed", [pytest.param(False, id="said"), pytest.param(True, id="not")])
@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_a_body_beyond_the_limit_is_refused(
    make_client: MakeClient, path: str, streamed: bool
) -> None:
    client = make_client(max_body_bytes=1_024)
    parts = [b'{"instances": [', b" " * 1_024, b"]}"]
    content = iter(parts) if streamed else b"".join(parts)
    response = client.post(path, content=content, headers=JSON)
    assert response.status_code == 413
    assert "the limit is 1024" in response.text
    assert response.headers["x-request-id"] in response.text


def test_a_body_that_stalls_ends_in_408(make_components: MakeComponents, ask: Ask) -> None:
    app = wrap(make_components(body_timeout_s=0.01))
    reply = asyncio.run(ask(app, "POST", "/predict", b"half", then="stall"))
    assert reply.status == 408
    assert reply.json()["type"] == "urn:problem:slow-body"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_a_request_that_the_stopping_server_cancels_is_answered_and_is_no_alarm(
    make_components: MakeComponents, ask: Ask, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    components = make_components()
    app = wrap(components)

    async def scenario() -> Any:
        stalled = asyncio.Event()
        request = ask(app, "POST", path, b"{", then="stall", stalled=stalled)
        waiting = asyncio.create_task(request)
        await stalled.wait()
        waiting.cancel()
        return await waiting

    reply = asyncio.run(scenario())
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert b"The service is stopping." in reply.body
    assert not components.notifier.messages
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_a_client_that_goes_away_is_no_alarm(
    make_components: MakeComponents, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    components = make_components(observers=[kept])
    asyncio.run(ask(wrap(components), "POST", "/predict", b"half", then="disconnect"))
    components.log_queue.flush()
    assert [(each.status, each.error) for each in kept.finished] == [(400, "DisconnectedError")]
    assert not components.notifier.messages
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_health_answers_while_a_slow_model_runs(
    make_components: MakeComponents, held: Any, ask: Ask, body: bytes
) -> None:
    app = wrap(make_components(held, execution="threads"))

    async def scenario() -> tuple[Any, bool, Any]:
        prediction = asyncio.create_task(ask(app, "POST", "/predict", body))
        await asyncio.to_thread(held.entered.wait, PATIENCE_S)
        health = await ask(app, "GET", "/health/live")
        answered = prediction.done()
        held.go.set()
        return health, answered, await prediction

    health, answered, prediction = asyncio.run(scenario())
    assert (health.status, answered) == (200, False)
    assert (prediction.status, prediction.json()["degraded"]) == (200, False)


def test_a_model_that_takes_too_long_ends_in_504(
    make_components: MakeComponents, held: Any, ask: Ask, body: bytes
) -> None:
    components = make_components(
        held, execution="threads", predict_timeout_s=0.01, max_concurrency=1
    )
    app = wrap(components)

    async def scenario() -> tuple[Any, Any]:
        return await ask(app, "POST", "/predict", body), await ask(app, "POST", "/predict", body)

    late, again = asyncio.run(scenario())
    assert late.status == 504
    assert late.json()["type"] == "urn:problem:model-timed-out"
    assert late.json()["detail"] == "The model took longer than 0.01 s."
    assert again.status == 504, "its place among the requests under way was not given back"
    assert components.notifier.messages[0][0] == "request:ModelTimeoutError"


def test_too_many_predictions_at_once_are_sent_away_for_a_while(
    make_components: MakeComponents, held: Any, ask: Ask, body: bytes
) -> None:
    components = make_components(held, execution="threads", max_concurrency=1)
    app = wrap(components)

    async def scenario() -> tuple[Any, Any, Any]:
        first = asyncio.create_task(ask(app, "POST", "/predict", body))
        await asyncio.to_thread(held.entered.wait, PATIENCE_S)
        refused = await ask(app, "POST", "/predict", body)
        held.go.set()
        return await first, refused, await ask(app, "POST", "/predict", body)

    first, refused, after = asyncio.run(scenario())
    assert (first.status, refused.status, after.status) == (200, 503, 200)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["type"] == "urn:problem:overloaded"
    assert not components.notifier.messages


@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_clients_that_send_half_a_body_keep_no_one_from_a_prediction(
    make_components: MakeComponents, ask: Ask, body: bytes, path: str
) -> None:
    app = wrap(make_components(max_concurrency=1))

    async def scenario() -> Any:
        stalled = [asyncio.Event() for _ in range(3)]
        slow = [
            asyncio.create_task(ask(app, "POST", path, body[:10], then="stall", stalled=each))
            for each in stalled
        ]
        await asyncio.gather(*(each.wait() for each in stalled))
        answered = await ask(app, "POST", "/predict", body)
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return answered

    assert asyncio.run(scenario()).status == 200


@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_bodies_that_arrive_have_a_limit_of_memory_which_is_logged(
    make_components: MakeComponents,
    ask: Ask,
    body: bytes,
    path: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = wrap(make_components(max_concurrency=1, max_body_bytes=1_024))
    half = b" " * 800

    async def scenario() -> tuple[Any, Any, Any]:
        stalled = asyncio.Event()
        held = asyncio.create_task(ask(app, "POST", path, half, then="stall", stalled=stalled))
        await stalled.wait()
        refused = [await ask(app, "POST", path, half, then="stall") for _ in range(2)]
        answered = await ask(app, "POST", "/predict", body)
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        return refused, answered, await ask(app, "POST", "/predict", half, then="disconnect")

    refused, answered, after = asyncio.run(scenario())
    assert [each.status for each in refused] == [503, 503]
    assert refused[0].headers["retry-after"] == "1"
    assert (answered.status, after.status) == (200, 400)
    lines = [each for each in caplog.records if each.message == "limit reached"]
    assert [vars(each)["limit"] for each in lines] == ["memory of bodies"]


def test_the_connection_of_a_body_that_stalls_is_closed(
    make_components: MakeComponents, ask: Ask
) -> None:
    app = wrap(make_components(body_timeout_s=0.01))
    reply = asyncio.run(ask(app, "POST", "/predict", b"half", then="stall"))
    assert reply.headers["connection"] == "close"

"""No generated request gets an answer of 500, an endless one, or costs a captured record."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.artifact import Artifact
from modelserve.settings import Settings
from starlette.types import ASGIApp, Message

from tests.engine.serving.generated import GeneratedRequest, RequestGenerator

FAMILIES = ("iris", "diabetes", "iris_xgboost", "diabetes_xgboost", "sentiment")
COUNT = int(os.environ.get("GENERATED_REQUESTS", "400"))
LONGEST_COMPLAINT = 32_768  # bytes of an answer to a wrong request


async def answer(app: ASGIApp, request: GeneratedRequest) -> tuple[int, bytes]:
    """Return an application's status and body."""
    sent: list[Message] = []
    given = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Message:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": request.headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }
    await app(scope, receive, send)
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert {each["type"] for each in rest} == {"http.response.body"}
    return start["status"], b"".join(each.get("body", b"") for each in rest)


@pytest.mark.slow
def test_no_generated_request_fails(
    project: Project, make_settings: Any, trained: Artifact, figures: Any, tmp_path: Path
) -> None:
    settings: Settings = make_settings(
        platform="sagemaker", capture_dir=tmp_path, capture_queue_bytes=2**30
    )
    service: Service = project.service_class(settings)
    app: Any = service.create_app()
    statuses: Counter[int] = Counter()

    async def ask_all() -> None:
        for request in RequestGenerator(trained, seed=COUNT).requests(COUNT):
            status, body = await answer(app, request)
            statuses[status] += 1
            assert status < 500, (request, body[:500])
            if status >= 400:
                assert len(body) <= LONGEST_COMPLAINT, request
                assert request.method == "HEAD" or json.loads(body), request

    asyncio.run(ask_all())
    app.components.log_queue.close()
    read = figures(app.components.registry.expose().decode())
    files = tmp_path.rglob("*.jsonl")
    captured = sum(len(path.read_bytes().splitlines()) for path in files)
    assert captured == sum(read("capture_records_total")) > 0
    assert sum(read("capture_dropped_total")) == 0
    assert statuses[200] > COUNT / 20, statuses

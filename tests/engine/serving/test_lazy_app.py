"""The framework is built when it is asked for, and once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modelserve.serving.lazy_app import LazyApp
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp


def test_the_first_request_makes_the_application_and_the_next_finds_it() -> None:
    told: list[str] = []

    def make() -> ASGIApp:
        told.append("made")
        return PlainTextResponse("here")

    @asynccontextmanager
    async def lifespan(_: ASGIApp) -> AsyncIterator[None]:
        told.append("started")
        yield
        told.append("ended")

    with TestClient(LazyApp(make, lifespan)) as client:
        assert told == ["started"]
        assert [client.get("/").text, client.get("/").text] == ["here", "here"]
    assert told == ["started", "made", "ended"]

"""The framework is built when it is asked for, once, and in nobody's way."""

import asyncio
import gc
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from modelserve.serving.lazy_app import SWITCH_INTERVAL_S, LazyApp
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp

Ask = Callable[..., Awaitable[Any]]
PATIENCE_S = 10


def test_the_first_request_makes_the_application_and_the_next_finds_it() -> None:
    told: list[str] = []

    def make() -> ASGIApp:
        told.append("made")
        return PlainTextResponse("here")

    client = TestClient(LazyApp(make))
    assert told == []
    assert [client.get("/").text, client.get("/").text] == ["here", "here"]
    assert told == ["made"]


def test_while_one_request_makes_it_others_wait_and_the_event_loop_does_not(ask: Ask) -> None:
    begun, go = threading.Event(), threading.Event()
    made: list[int] = []

    def make() -> ASGIApp:
        begun.set()
        assert go.wait(PATIENCE_S)
        made.append(threading.get_ident())
        return PlainTextResponse("here")

    async def ask_twice() -> list[bytes]:
        app = LazyApp(make)
        asked = [asyncio.create_task(ask(app, "GET", "/docs")) for _ in range(2)]
        while not begun.is_set():
            await asyncio.sleep(0.001)
        assert not any(each.done() for each in asked)
        go.set()
        return [reply.body for reply in await asyncio.gather(*asked)]

    assert asyncio.run(ask_twice()) == [b"here", b"here"]
    assert len(made) == 1
    assert made[0] != threading.get_ident()


def test_what_failed_is_tried_again(ask: Ask) -> None:
    outcomes: list[Any] = [RuntimeError("not yet"), PlainTextResponse("here")]

    def make() -> ASGIApp:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        app: ASGIApp = outcome
        return app

    app = LazyApp(make)
    with pytest.raises(RuntimeError, match="not yet"):
        asyncio.run(ask(app, "GET", "/"))
    assert asyncio.run(ask(app, "GET", "/")).body == b"here"


def test_the_interpreter_gives_way_while_it_is_made_and_only_then(ask: Ask) -> None:
    seen: list[tuple[float, bool]] = []

    def make() -> ASGIApp:
        seen.append((sys.getswitchinterval(), gc.isenabled()))
        return PlainTextResponse("here")

    before = sys.getswitchinterval(), gc.isenabled()
    asyncio.run(ask(LazyApp(make), "GET", "/"))
    assert seen == [(pytest.approx(SWITCH_INTERVAL_S), False)]
    assert (sys.getswitchinterval(), gc.isenabled()) == before

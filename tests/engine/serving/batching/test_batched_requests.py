"""Requests to a slow model, from the hot path's side."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.batching.call_times import CallTimes

from tests.engine.serving.conftest import Ask, Held, MakeComponents

Figures = Callable[[str], Callable[..., list[float]]]


async def entered(held: Held) -> None:
    """Wait until the model runs."""
    while not held.entered.is_set():
        await asyncio.sleep(0.001)


@pytest.fixture
def counted(held: Held, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the rows of each call of the model."""
    rows: list[int] = []
    run = held.run

    def counting(tensors: Any) -> Any:
        rows.append(len(next(iter(tensors.values()))))
        return run(tensors)

    monkeypatch.setattr(held, "run", counting)
    return rows


def test_the_rows_of_one_request_do_not_limit_those_of_joined_ones(
    ask: Ask, held: Held, counted: list[int], make_components: MakeComponents, body: bytes
) -> None:
    app = wrap(make_components(held, execution="threads", threads=1, batching="on", max_rows=1))

    async def run() -> None:
        asked = [asyncio.ensure_future(ask(app, "POST", "/predict", body)) for _ in range(4)]
        await entered(held)
        await asyncio.sleep(0.01)
        held.go.set()
        assert [each.status for each in await asyncio.gather(*asked)] == [200] * 4

    asyncio.run(run())
    assert counted == [1, 3]


@pytest.mark.parametrize("batching", ["on", "off"])
def test_each_joined_request_has_an_answer_ids_and_a_log_line_of_its_own(
    ask: Ask,
    held: Held,
    counted: list[int],
    make_components: MakeComponents,
    row: dict[str, Any],
    batching: str,
    figures: Figures,
) -> None:
    components = make_components(held, execution="threads", threads=1, batching=batching)
    app = wrap(components)

    async def body() -> list[Any]:
        asked = [json.dumps({"instances": [row] * n}).encode() for n in (1, 2, 3)]
        first = asyncio.ensure_future(ask(app, "POST", "/predict", asked[0]))
        await entered(held)
        rest = [asyncio.ensure_future(ask(app, "POST", "/predict", each)) for each in asked[1:]]
        await asyncio.sleep(0.01)
        held.go.set()
        return [(await each).json() for each in (first, *rest)]

    answers = asyncio.run(body())
    components.log_queue.flush()
    assert [len(each["predictions"]) for each in answers] == [1, 2, 3]
    assert len({each["inference_id"] for each in answers}) == 3
    assert counted == ([1, 5] if batching == "on" else [1, 2, 3])
    exposed = components.registry.expose().decode()
    assert figures(exposed)("model_rows_total") == [6]
    assert figures(exposed)("model_inference_seconds_count") == [3]


def test_a_client_that_leaves_while_it_waits_is_logged_and_never_asked_about(
    ask: Ask, held: Held, counted: list[int], make_components: MakeComponents, body: bytes
) -> None:
    components = make_components(held, execution="threads", threads=1)
    app = wrap(components)

    async def run() -> tuple[Any, Any]:
        first = asyncio.ensure_future(ask(app, "POST", "/predict", body))
        await entered(held)
        left = await ask(app, "POST", "/predict", body, then="leave")
        held.go.set()
        return await first, left

    first, left = asyncio.run(run())
    assert (first.status, left.status) == (200, 400)
    assert left.json()["type"].endswith("client-gone")
    assert counted == [1]


def test_a_full_service_says_how_long_the_model_needs(
    ask: Ask, held: Held, make_components: MakeComponents, body: bytes
) -> None:
    components = make_components(
        held, execution="threads", threads=1, max_concurrency=2, predict_timeout_s=60
    )
    app = wrap(components)

    async def run() -> Any:
        assert components.batcher
        components.batcher._times = CallTimes(7.0)
        waiting = [asyncio.ensure_future(ask(app, "POST", "/predict", body)) for _ in range(2)]
        await entered(held)
        refused = await ask(app, "POST", "/predict", body)
        held.go.set()
        await asyncio.gather(*waiting)
        return refused

    refused = asyncio.run(run())
    assert refused.status == 503
    assert refused.headers["retry-after"] == "14"

"""Answers predictions without the framework, and gives every other request to it.

A request's journey, top down: admit → identify → read → decode → predict → encode → send; then
the journal. Each step may raise; the codec's own form of error is the answer.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import NamedTuple, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ModelTimeoutError, OverloadedError, RequestError
from . import problems
from .arrays import Call, Codec, Prediction
from .body import bounded, read_body
from .exchange import Exchange, new_ids
from .problems import Answer, Headers
from .service import Service

log = logging.getLogger(__name__)

JSON = (b"content-type", b"application/json")


class Choice(Protocol):
    """What a request's headers decide, on a path where they do."""

    def choose(self, exchange: Exchange) -> Codec:
        """Return how a request is asked and answered, or raise a RequestError."""

    def head(self, exchange: Exchange) -> Headers:
        """Return the headers of an answer that was kept."""


class Route(NamedTuple):
    """A path on which predictions are asked for, and how: its codec and its form of error.

    With a `choice`, the headers decide on the codec.
    """

    path: str
    codec: Codec
    problem: Callable[[Exception, str], Answer]
    choice: Choice | None = None


class HotPath:
    """An ASGI application around another one.

    Args:
        app: answers whatever is no prediction.
        routes: by path as it is requested.
        service: the parts that a prediction needs, and the limits.
    """

    def __init__(self, app: ASGIApp, routes: Mapping[str, Route], service: Service) -> None:
        """Count nothing under way."""
        self.app = app
        self.service = service
        self._routes = routes
        self._ids = new_ids()
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the server's own messages on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, next(self._ids))
        route = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if route is None:
                await self._pass_on(exchange, scope, receive, send)
            else:
                await self._answer(exchange, route, receive, send)
        finally:
            exchange.finish()
            self.service.journal.add(exchange)

    async def _answer(self, exchange: Exchange, route: Route, receive: Receive, send: Send) -> None:
        exchange.route = route.path
        try:
            body = await self._predict(exchange, route, receive)
            head = route.choice.head(exchange) if route.choice else [JSON]
            answer = Answer(200, head, body)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # The edge: whatever went wrong becomes an answer here, and is told once.
            self._tell(exchange, error)
            answer = route.problem(error, exchange.request_id)
        exchange.status = answer.status
        headers = [
            *answer.headers,
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-request-id", exchange.request_id.encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _predict(self, exchange: Exchange, route: Route, receive: Receive) -> bytes:
        service, settings = self.service, self.service.settings
        if self._under_way >= settings.max_concurrency:
            raise OverloadedError("Too many predictions are under way.", retry_after_s=1)
        self._under_way += 1
        try:
            exchange.consumer = service.access.identify(exchange.headers)
            codec = route.choice.choose(exchange) if route.choice else route.codec
            body = await read_body(
                receive,
                exchange.headers,
                limit_bytes=settings.max_body_bytes,
                timeout_s=settings.body_timeout_s,
            )
            call = codec.decode(body)
            started = time.perf_counter()
            if service.pool is None:
                prediction = service.predictor.predict(call)
            else:
                prediction = await self._predict_in(service.pool, call)
            exchange.model_seconds = time.perf_counter() - started
            answer = codec.encode(call, prediction, exchange.inference_id)
            exchange.keep(call, prediction, body, answer)
            return answer
        finally:
            self._under_way -= 1

    async def _predict_in(self, pool: Executor, call: Call) -> Prediction:
        limit_s = self.service.settings.predict_timeout_s
        running = asyncio.get_running_loop().run_in_executor(
            pool, self.service.predictor.predict, call
        )
        try:
            return await asyncio.wait_for(running, limit_s)
        except TimeoutError as error:
            raise ModelTimeoutError(f"The model took longer than {limit_s:g} s.") from error

    async def _pass_on(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                request_id = (b"x-request-id", exchange.request_id.encode())
                message["headers"] = [*message.get("headers", ()), request_id]
            await send(message)

        scope["state"] = {**scope.get("state", {}), "exchange": exchange}
        receive = bounded(receive, self.service.settings.max_body_bytes)
        failure = None
        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # The framework has answered this already, with a problem; here it is told once.
            failure = error
        exchange.route = getattr(scope.get("route"), "path", exchange.route)
        if failure:
            self._tell(exchange, failure)

    def _tell(self, exchange: Exchange, error: Exception) -> None:
        """Note why a request failed: in its line when the client erred, in full when we did."""
        exchange.error, exchange.reason = type(error).__name__, problems.classify(error)[1]
        if isinstance(error, RequestError | OverloadedError):
            return
        log.error("request failed", exc_info=error, extra={"request_id": exchange.request_id})
        self.service.notifier.tell(
            f"request:{exchange.error}",
            f"A request to {exchange.route} failed: {error!r} (request {exchange.request_id})",
        )

"""Answers predictions without FastAPI, which answers every other request."""

# A request's journey, top down: admit → identify → read → decode → predict → encode → send; then
# the observers. Each step may raise; the route's own form of error is the answer.

import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from starlette.routing import Router
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from ..errors import OverloadedError, RequestError
from ..types import Codec
from . import problems
from .body import BodyMemory, BoundedBody, read_body, stopping
from .components import Components
from .content_encoding import HEADER, DecompressedBody, decompress, without_encoding
from .generation import Generation
from .limit_log import LimitLog
from .problems import Answer, Headers
from .request_context import RequestContext, new_ids
from .status_routes import form_of
from .whole_response import send_whole

log = logging.getLogger(__name__)

JSON = (b"content-type", b"application/json")


class ContentNegotiator(Protocol):
    """Chooses a codec by a request's headers."""

    def choose(self, context: RequestContext) -> Codec:
        """Return the codec of a request, or raise a RequestError."""

    def head(self, context: RequestContext) -> Headers:
        """Return the headers of a successful response."""


class Route(NamedTuple):
    """A prediction route: its codec, and its form of error.

    With a `negotiator`, the headers decide on the codec.
    """

    path: str
    codec: Codec
    problem: Callable[[Exception, str], Answer]
    negotiator: ContentNegotiator | None = None


class HotPath:
    """An ASGI application around another one.

    A hot swap replaces `generation`, and nothing else: limits, ids and keys stay.

    Args:
        app: answers all other requests.
        routes: by the path of a request.
        components: of the service, with its limits.
        lifespan: runs from the server's start to its end.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Mapping[str, Route],
        components: Components,
        lifespan: Lifespan[ASGIApp] | None = None,
    ) -> None:
        """Start with no request under way."""
        self.generation = Generation(app, routes, components)
        # Not a generation's: the first one would stay in memory until the server's end.
        self._life = Router(lifespan=lifespan)
        self._ids = new_ids(components.feedback_exchange.worker)
        self._under_way = 0
        settings = components.settings
        self._limit_log = LimitLog()
        self._memory = BodyMemory(
            settings.max_concurrency * settings.max_body_bytes, self._limit_log
        )

    @property
    def app(self) -> ASGIApp:
        """Return what answers all requests but predictions."""
        return self.generation.app

    @property
    def components(self) -> Components:
        """Return the components of the served model."""
        return self.generation.components

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the server's own messages on."""
        if scope["type"] != "http":
            await self._life(scope, receive, send)
            return
        generation = self.generation
        context = RequestContext(scope, next(self._ids))
        route = generation.routes.get(scope["path"]) if scope["method"] == "POST" else None
        generation.requests += 1
        try:
            if route is None:
                await self._pass_on(context, generation, scope, receive, send)
            else:
                await self._answer(context, generation.components, route, receive, send)
        finally:
            context.finish()
            generation.components.log_queue.add(context)
            generation.requests -= 1

    async def _answer(
        self,
        context: RequestContext,
        components: Components,
        route: Route,
        receive: Receive,
        send: Send,
    ) -> None:
        context.route = route.path
        try:
            body = await self._predict(context, components, route, receive)
            head = route.negotiator.head(context) if route.negotiator else [JSON]
            answer = Answer(200, head, body)
        except (Exception, CancelledError) as caught:  # pylint: disable=broad-exception-caught
            # The edge: every error becomes an answer here, and is logged once.
            error = stopping() if isinstance(caught, CancelledError) else caught
            self._report(context, error)
            answer = route.problem(error, context.request_id)
        await _send_answer(send, context, answer)

    async def _predict(
        self, context: RequestContext, components: Components, route: Route, receive: Receive
    ) -> bytes:
        settings = components.settings
        context.consumer = components.access.identify(context.headers)
        codec = route.negotiator.choose(context) if route.negotiator else route.codec
        body = await read_body(
            receive,
            context.headers,
            limit_bytes=settings.max_body_bytes,
            timeout_s=settings.body_timeout_s,
            memory=self._memory,
        )
        # From here on: clients that send no body keep nobody from a prediction.
        if self._under_way >= settings.max_concurrency:
            self._limit_log.count("predictions under way")
            text = "Too many predictions are under way."
            if batcher := components.batcher:
                raise batcher.refuse(text, batcher.delay_s())
            raise OverloadedError(text, retry_after_s=1)
        self._under_way += 1
        try:
            if encoding := context.headers.get(HEADER):
                body = decompress(body, encoding, limit_bytes=settings.max_body_bytes)
            given = codec.decode(body)
            if components.batcher is None:
                started = time.perf_counter()
                prediction = components.predictor.predict(given)
                context.model_seconds = time.perf_counter() - started
            else:
                answered = await components.batcher.predict(given, context.consumer, receive)
                given, prediction, context.model_seconds, context.batch = answered
            if given.explain:
                prediction = await components.explainer.add(given, prediction)
            answer = codec.encode(given, prediction, context.inference_id)
            context.keep(given, prediction, body, answer)
            return answer
        finally:
            self._under_way -= 1

    async def _pass_on(
        self,
        context: RequestContext,
        generation: Generation,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                context.status = message["status"]
                request_id = (b"x-request-id", context.request_id.encode())
                message["headers"] = [*message.get("headers", ()), request_id]
            await send(message)

        scope["state"] = {**scope.get("state", {}), "context": context}
        components = generation.components
        settings = components.settings
        bounded = BoundedBody(
            receive,
            self._memory,
            limit_bytes=settings.max_body_bytes,
            timeout_s=settings.body_timeout_s,
            admit=lambda: components.access.identify(context.headers),
        )
        body: Receive = bounded
        if encoding := context.headers.get(HEADER):
            body = DecompressedBody(bounded, encoding, limit_bytes=settings.max_body_bytes)
            scope = without_encoding(scope)
        failure = None
        try:
            await generation.app(scope, body, send_with_id)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # FastAPI has answered this already, with a problem; here it is logged once.
            failure = error
        except CancelledError:
            failure = stopping()
            if not started:
                form = form_of(scope, components.error_responses)
                await _send_answer(send, context, form(failure, context.request_id))
        finally:
            bounded.close()
        context.route = getattr(scope.get("route"), "path", context.route)
        if failure:
            self._report(context, failure)

    def _report(self, context: RequestContext, error: Exception) -> None:
        """Note why a request failed; log it in full unless the client is at fault."""
        context.error, context.reason = type(error).__name__, problems.classify(error)[1]
        if isinstance(error, RequestError | OverloadedError):
            return
        log.error("request failed", exc_info=error, extra={"request_id": context.request_id})
        self.components.notifier.notify(
            f"request:{context.error}",
            f"A request to {context.route} failed: {error!r} (request {context.request_id})",
        )


async def _send_answer(send: Send, context: RequestContext, answer: Answer) -> None:
    context.status = answer.status
    headers = [
        *answer.headers,
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-request-id", context.request_id.encode()),
    ]
    await send_whole(send, answer.status, headers, answer.body)

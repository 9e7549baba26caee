"""What the serving tests share: services with parts of a test's choice, and a bare ASGI client."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from modelserve import Project, Service, artifact
from modelserve.serving.app import assemble
from modelserve.serving.components import Components
from modelserve.serving.feedback_metrics import truth_field
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.predictor import Predictor
from modelserve.serving.request_context import RequestContext
from modelserve.types import Model, Outputs, Tensors
from starlette.types import ASGIApp, Message

PATIENCE_S = 10  # for what happens at once, unless something is broken


class KeptMessages:
    """A notifier that keeps its messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def notify(self, key: str, text: str) -> None:
        """Keep a message."""
        self.messages.append((key, text))


class Held:
    """A slow model: it says when it was entered, and answers the prior when it is let go."""

    def __init__(self, prior: tuple[float, ...]) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()
        self._prior = np.asarray([prior], dtype=np.float32)

    def run(self, tensors: Tensors) -> Outputs:
        """Answer in the end."""
        self.entered.set()
        if not self.go.wait(PATIENCE_S):
            raise TimeoutError("nobody let the model go")
        return np.repeat(self._prior, len(next(iter(tensors.values()))), axis=0)


class Reply(NamedTuple):
    """What an application has sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's content."""
        return json.loads(self.body)


async def send_request(
    app: ASGIApp,
    method: str,
    path: str,
    *parts: bytes,
    headers: Mapping[str, str] | None = None,
    then: str = "end",
    stalled: asyncio.Event | None = None,
) -> Reply:
    """Ask an application without a server.

    Args:
        app: is asked.
        method: in capitals.
        path: without a query.
        parts: of the body.
        headers: in any case.
        then: "end" the body after its parts, "stall" or "disconnect" instead of ending it; "leave"
            ends it and disconnects before the answer.
        stalled: is set once the application waits for what does not come.
    """
    whole = parts or (b"",)
    coming: list[Message] = [
        {
            "type": "http.request",
            "body": part,
            "more_body": then not in ("end", "leave") or i < len(whole),
        }
        for i, part in enumerate(whole, start=1)
    ]
    if then in ("disconnect", "leave"):
        coming.append({"type": "http.disconnect"})
    sent: list[Message] = []

    async def receive() -> Message:
        if not coming:
            if stalled:
                stalled.set()
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": given,
        "server": ("testserver", 80),
        "client": None,
    }
    await app(scope, receive, send)
    start, *rest = sent
    return Reply(
        start["status"],
        {k.decode(): v.decode() for k, v in start["headers"]},
        b"".join(each.get("body", b"") for each in rest),
    )


Ask = Callable[..., Awaitable[Reply]]
MakeComponents = Callable[..., Components]


@pytest.fixture
def ask() -> Ask:
    """Return a bare ASGI client."""
    return send_request


@pytest.fixture
def make_components(
    project: Project, make_settings: Callable[..., Any]
) -> Iterator[MakeComponents]:
    """Return a function that makes components, with another model or service class if given.

    Their notifier keeps its messages.
    """
    made: list[Components] = []

    def make(
        model: Model | None = None,
        observers: Any = (),
        notifier: Any = None,
        service_class: type[Service] | None = None,
        **changes: Any,
    ) -> Components:
        service = (service_class or project.service_class)(make_settings(**changes))
        components = assemble(service, observers)
        components = replace(components, notifier=notifier or KeptMessages())
        if model:
            predictor = Predictor(
                model,
                components.manifest,
                components.notifier,
                degraded_answers=components.settings.degraded_answers,
            )
            components = replace(components, predictor=predictor)
            if components.batcher:
                components.batcher.predictor = predictor
        made.append(components)
        return components

    yield make
    for components in made:
        components.log_queue.close()
        if components.batcher:
            components.batcher.close()


@pytest.fixture
def held(trained: artifact.Artifact) -> Iterator[Held]:
    """Return a model that answers when it is let go, which is at the end at the latest."""
    model = Held(trained.manifest.fallback)
    yield model
    model.go.set()


@pytest.fixture
def make_context() -> Callable[..., RequestContext]:
    """Return a way to finished requests that are known by a few facts."""

    def make(headers: Mapping[bytes, bytes] | None = None, **facts: Any) -> RequestContext:
        scope = {"method": "POST", "headers": list((headers or {}).items())}
        context = RequestContext(scope, "1" * 32)
        context.finish()
        for name, value in ({"route": "/predict", "status": 200} | facts).items():
            setattr(context, name, value)
        return context

    return make


@pytest.fixture
def body(row: dict[str, Any]) -> bytes:
    """Return a request for one row that is right."""
    return json.dumps({"instances": [row]}).encode()


@pytest.fixture
def pointer() -> Callable[..., str]:
    """Return a way to JSON pointers, whatever the fields are called."""

    def join(*steps: object) -> str:
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)

    return join


@pytest.fixture
def tensors() -> Callable[..., dict[str, Any]]:
    """Return a way to requests for rows in the Open Inference Protocol's form."""

    def describe(components: Components, rows: list[dict[str, Any]]) -> dict[str, Any]:
        arrays = dict(components.codec.inputs.gather(rows).tensors)
        signature: Any = components.oip.metadata()["inputs"]
        given = []
        for each in signature:
            name = each["name"]  # of an array that the graph takes, or of a field
            array = arrays[name] if name in arrays else np.array([row[name] for row in rows])
            given.append(each | {"shape": list(array.shape), "data": array.ravel().tolist()})
        return {"inputs": given}

    return describe


@pytest.fixture
def series(trained: artifact.Artifact) -> MetricsRegistry:
    """Return a registry in which there is nothing yet."""
    return MetricsRegistry(trained.manifest)


@pytest.fixture
def truth(trained: artifact.Artifact) -> dict[str, Any]:
    """Return what may turn out to be true of a row, as feedback says it."""
    manifest = trained.manifest
    return {truth_field(manifest): manifest.labels[0] if manifest.labels else manifest.fallback[0]}


@pytest.fixture
def beyond(trained: artifact.Artifact, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with one value that lies beyond all that training saw."""
    feature = next(each for each in trained.manifest.features if each.dtype != "boolean")
    largest = feature.maximum or 0
    value: Any = {
        "number": largest + max(1, abs(largest)),
        "integer": int(largest) + 1,
        "category": "".join(("x", *feature.categories))[:200],
        "text": "x" * (int(largest) + 1),
    }[feature.dtype]
    return row | {feature.name: value}

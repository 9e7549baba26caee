"""`routers`: FastAPI's routes, documented and behind the same keys and limits."""

import asyncio
import hashlib
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Request, WebSocket
from modelserve import Project, errors
from modelserve.serving.app import wrap
from starlette.testclient import TestClient

Serve = Callable[..., TestClient]
KEY = {"x-api-key": "open"}


def make_router(path: str = "/prices", method: str = "POST") -> APIRouter:
    """Return a router with one route, which takes a body, and one that fails."""
    router = APIRouter(tags=["prices"])

    async def price(order: dict[str, float]) -> dict[str, float]:
        """Return the price."""
        return {"price": 2 * order["amount"]}

    async def fail() -> None:
        raise ValueError("the secret")

    router.add_api_route(path, price, methods=[method])
    router.add_api_route("/fail", fail)
    return router


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """Return a file with the key of one consumer."""
    path = tmp_path / "keys"
    path.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    return path


def test_a_router_answers_and_is_documented(serve: Serve) -> None:
    client = serve(routers=lambda _: [make_router()])
    assert client.post("/prices", json={"amount": 3}).json() == {"price": 6}
    operation = client.get("/openapi.json").json()["paths"]["/prices"]["post"]
    assert operation["tags"] == ["prices"]
    assert {"400", "408", "413", "422"} <= operation["responses"].keys()
    assert 'route="/prices"' in client.get("/metrics").text


def test_a_route_that_matches_every_path_leaves_the_service_its_own(serve: Serve) -> None:
    client = serve(routers=lambda _: [make_router("/{anything}", "GET")])
    for path in ("/docs", "/openapi.json", "/metrics", "/model", "/health/live"):
        assert client.get(path).status_code == 200, path


def test_a_body_that_is_no_json_is_named_by_its_line(serve: Serve) -> None:
    client = serve(routers=lambda _: [make_router()])
    headers = {"content-type": "application/json"}
    response = client.post("/prices", content='{"amount": 3,\n"b"}', headers=headers)
    detail = "The body is no valid JSON: expected `:` at line 2 column 4."
    assert (response.status_code, response.json()["detail"]) == (400, detail)


def test_a_router_is_behind_the_keys(serve: Serve, keys_file: Path) -> None:
    client = serve({"api_keys_file": keys_file}, routers=lambda _: [make_router()])
    operation = client.get("/openapi.json").json()["paths"]["/prices"]["post"]
    assert operation["security"]
    assert "401" in operation["responses"]
    refused = client.post("/prices", json={"amount": 3})
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:problem:key-refused")
    assert client.get("/fail").status_code == 401
    assert client.post("/prices", json={"amount": 3}, headers=KEY).status_code == 200
    assert 'consumer="shop",method="POST"' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("parts", "then", "headers", "refusal"),
    [
        pytest.param((b"x" * 600, b"x" * 600), "end", KEY, 413, id="too-long"),
        pytest.param((b"{",), "stall", KEY, 408, id="too-slow"),
        pytest.param((b"half",), "stall", {}, 401, id="not-read-without-a-key"),
    ],
)
def test_a_body_has_the_limits_of_every_other(
    project: Project,
    make_components: Any,
    ask: Any,
    keys_file: Path,
    parts: tuple[bytes, ...],
    then: str,
    headers: dict[str, str],
    refusal: int,
) -> None:
    service_class = type(
        "Service", (project.service_class,), {"routers": lambda _: [make_router()]}
    )
    app = wrap(
        make_components(
            service_class=service_class,
            api_keys_file=keys_file,
            max_body_bytes=1_024,
            body_timeout_s=0.01,
        )
    )
    reply = asyncio.run(ask(app, "POST", "/prices", *parts, headers=headers, then=then))
    assert reply.status == refusal
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/prices", "/raw"])
def test_a_client_that_hangs_up_within_its_body_is_no_failure(
    project: Project, make_components: Any, ask: Any, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    async def read(request: Request) -> None:
        await request.body()

    router = make_router()
    router.add_api_route("/raw", read, methods=["POST"])
    hooks = {"routers": lambda _: [router]}
    service_class = type("Service", (project.service_class,), hooks)
    app = wrap(make_components(service_class=service_class))
    reply = asyncio.run(ask(app, "POST", path, b"half", then="disconnect"))
    assert (reply.status, reply.json()["type"]) == (400, "urn:problem:client-gone")
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_a_router_that_fails_is_a_500_with_its_reason_in_the_log(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    response = serve(routers=lambda _: [make_router()]).get("/fail")
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert (response.status_code, response.json()["type"]) == (500, "urn:problem:unexpected")
    assert "secret" not in response.text
    assert vars(record)["request_id"] == response.json()["request_id"]


def websocket_router() -> APIRouter:
    """Return a router of a WebSocket."""
    router = APIRouter()

    async def talk(socket: WebSocket) -> None:
        await socket.accept()

    router.add_api_websocket_route("/talk", talk)
    return router


def nested_router() -> APIRouter:
    """Return a router whose prefix makes its path one of the service's."""
    router = APIRouter(prefix="/health")
    inner = make_router("/live", "GET")
    router.include_router(inner)
    return router


@pytest.mark.parametrize(
    ("router", "message"),
    [
        pytest.param(make_router("/predict"), "itself answers /predict; choose", id="predict"),
        pytest.param(make_router("/model", "GET"), "itself answers /model; choose", id="model"),
        pytest.param(make_router("/predict/"), "itself answers /predict/", id="slash"),
        pytest.param(make_router("/v2/models/x/infer"), "itself answers /v2/", id="protocol"),
        pytest.param(nested_router(), "itself answers /health/live", id="nested"),
        pytest.param(websocket_router(), "/talk is not a route for HTTP", id="websocket"),
        pytest.param("/prices", r"return fastapi\.APIRouter objects", id="no-router"),
    ],
)
def test_what_cannot_be_served_is_refused_at_the_start(
    serve: Serve, router: Any, message: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        serve(routers=lambda _: [router])


def two_routes(first: str, second: str, method: str = "POST") -> list[APIRouter]:
    """Return a route for POST, and another one."""
    routers = [APIRouter(), APIRouter(prefix=second)]
    routers[0].add_api_route(first, lambda: None, methods=["GET", "POST"])
    routers[1].add_api_route("", lambda: None, methods=[method])
    return routers


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        pytest.param("/prices", "/prices", "POST /prices", id="path"),
        pytest.param("/a/{one}/b", "/a/{other}/b", "POST /a/{other}/b", id="names"),
        pytest.param("/a/{one:int}", "/a/{other:int}", "POST /a/{other:int}", id="convertors"),
    ],
)
def test_a_route_that_another_one_hides_is_refused_at_the_start(
    serve: Serve, first: str, second: str, shown: str
) -> None:
    message = f"routers\\(\\) in service.py: an earlier route already answers {re.escape(shown)};"
    with pytest.raises(errors.ConfigurationError, match=message):
        serve(routers=lambda _: two_routes(first, second))


@pytest.mark.parametrize(
    ("second", "method"),
    [
        pytest.param("/prices", "PUT", id="method"),
        pytest.param("/prices/{name}", "POST", id="path"),
        pytest.param("/{name:path}", "POST", id="a-pattern-that-matches-more"),
    ],
)
def test_routes_that_answer_different_requests_are_served(
    serve: Serve, second: str, method: str
) -> None:
    serve(routers=lambda _: two_routes("/prices", second, method))


async def list_late(_: Any) -> list[APIRouter]:
    """Return routers, too late."""
    return []


@pytest.mark.parametrize(
    ("routers", "message"),
    [
        pytest.param(lambda _: None, "returned None; return a list of fastapi", id="none"),
        pytest.param(lambda _: make_router(), "returned an APIRouter; return a list", id="single"),
        pytest.param(list_late, "is a coroutine; write `def`", id="coroutine"),
    ],
)
def test_what_lists_no_routers_is_refused_at_the_start(
    serve: Serve, routers: Any, message: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=rf"routers\(\) in service.py {message}"):
        serve(routers=routers)


def test_without_routers_a_start_does_not_import_fastapi(family: Any) -> None:
    code = (
        "import sys; from modelserve import Project, Settings; "
        f"p = Project({family.package!r}); s = Settings(model_dir='model', execution='inline'); "
        "p.service_class(s).create_app(); print('fastapi' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=family.root,
        env={"PYTHONPATH": family.python_path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert family.artifact

"""What platforms ask for all the time: quick, by HEAD too, and behind a key where all are."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from modelserve import Project
from modelserve.errors import ConfigurationError
from modelserve.serving.app import wrap
from modelserve.settings import Settings
from starlette.testclient import TestClient

MakeClient = Callable[..., TestClient]
MakeComponents = Callable[..., Any]
Ask = Callable[..., Awaitable[Any]]
KEY = {"x-api-key": "open"}
HEALTH = ("/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping")
CLOSED = (
    "/",
    "/docs",
    "/openapi.json",
    "/metrics",
    "/model",
    "/v2",
    "/static-offline-docs/x",
    "/x",
)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """Return a file with the key of one consumer."""
    path = tmp_path / "keys"
    path.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("slash", ["", "/"], ids=["as it is", "slash"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [*HEALTH, "/metrics"])
def test_a_status_is_told_without_the_framework(
    make_components: MakeComponents, ask: Ask, path: str, method: str, slash: str
) -> None:
    app = wrap(make_components(platform="sagemaker"))
    reply = asyncio.run(ask(app, method, path + slash))
    lazy: Any = vars(app.app)["_app"]
    assert reply.status == 200
    assert bool(reply.body) == (method == "GET" and path != "/ping")
    assert not vars(lazy)["_app"], "the framework was made for it"


@pytest.mark.parametrize(
    "path", [*HEALTH, "/", "/docs", "/openapi.json", "/metrics", "/model", "/v2", "/nowhere"]
)
def test_head_is_answered_as_get_without_the_body(make_client: MakeClient, path: str) -> None:
    client = make_client(platform="sagemaker")
    full, head = client.get(path), client.head(path)
    own = {"x-request-id"}
    if path in ("/metrics", "/nowhere"):  # a request more is counted; its id is in the body
        own.add("content-length")
    assert head.status_code == full.status_code
    assert head.content == b""
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in full.headers.items() if k not in own
    }


def test_head_is_counted_by_its_own_name(client: TestClient) -> None:
    client.head("/health/live")
    assert 'method="HEAD"' in client.get("/metrics").text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_what_is_only_posted_is_not_there_for_others(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_what_is_read_allows_head_too(client: TestClient) -> None:
    response = client.post("/model")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_a_slash_at_the_end_of_a_path_changes_nothing(
    make_client: MakeClient, project: Project, trained: Any, row: dict[str, Any]
) -> None:
    router = APIRouter()
    router.add_api_route("/prices", lambda: "dear")
    router.add_api_route("/offers/", lambda: "cheap")
    service_class = type("Service", (project.service_class,), {"routers": lambda _: [router]})
    client = make_client(service_class=service_class, platform="sagemaker")
    model = f"/v2/models/{trained.manifest.name}"
    for path in ("/docs", "/openapi.json", "/model", "/v2", model, "/prices", "/offers"):
        for spelt in (path, f"{path}/"):
            response = client.get(spelt, follow_redirects=False)
            assert response.status_code == 200, spelt
    for path in ("/predict", "/invocations"):
        body = {"instances": [row]}
        assert client.post(f"{path}/", json=body, follow_redirects=False).status_code == 200
    for path in (f"{model}/infer", "/feedback"):
        assert client.post(f"{path}/", json={}, follow_redirects=False).status_code in (400, 422)
    for path in ("/nowhere", "/nowhere/", "/predict//"):
        assert client.get(path, follow_redirects=False).status_code == 404, path
    routes = client.get("/metrics").text
    assert 'route="/predict/"' not in routes


def test_a_prediction_with_a_slash_is_counted_as_one_without(
    client: TestClient, figures: Callable[[str], Any], row: dict[str, Any]
) -> None:
    for path in ("/predict", "/predict/"):
        client.post(path, json={"instances": [row]})
    counted = figures(client.get("/metrics").text)
    assert counted("http_requests_total", route="/predict", status="200") == [2]


def test_every_link_of_the_documentation_is_right_with_a_slash_too(client: TestClient) -> None:
    page = client.get("/docs/").text
    assert "url: '../openapi.json'" in page
    assert 'src="../static-offline-docs/swagger-ui-bundle.js"' in page


def test_with_a_key_for_all_only_health_is_open(make_client: MakeClient, keys_file: Path) -> None:
    client = make_client(api_keys_file=keys_file, keys_required_for="all", platform="sagemaker")
    for path in HEALTH:
        assert [client.get(path).status_code, client.head(path).status_code] == [200, 200]
    for path in CLOSED:
        refused = client.get(path)
        assert refused.status_code == 401, path
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["x-request-id"] in refused.text
        assert client.head(path).status_code == 401
        assert client.get(path, headers=KEY).status_code in (200, 404)
    assert client.get("/metrics", headers={"authorization": "Bearer open"}).status_code == 200


def test_a_refusal_has_the_form_of_its_route(make_client: MakeClient, keys_file: Path) -> None:
    client = make_client(api_keys_file=keys_file, keys_required_for="all")
    assert client.get("/metrics").json()["type"] == "urn:problem:key-refused"
    assert client.get("/v2").json().keys() == {"error"}
    assert client.get("/v2x").json()["type"] == "urn:problem:key-refused"


def test_with_a_key_for_all_the_scrape_is_counted_for_its_consumer(
    make_client: MakeClient, keys_file: Path
) -> None:
    client = make_client(api_keys_file=keys_file, keys_required_for="all")
    client.get("/metrics", headers=KEY)
    series = client.get("/metrics", headers=KEY).text.splitlines()
    assert any('consumer="shop"' in line and 'route="/metrics"' in line for line in series)


@pytest.mark.parametrize(("keys_required_for", "listed"), [("predictions", False), ("all", True)])
def test_the_documentation_says_what_needs_a_key(
    make_client: MakeClient, keys_file: Path, keys_required_for: str, listed: bool
) -> None:
    client = make_client(api_keys_file=keys_file, keys_required_for=keys_required_for)
    paths = client.get("/openapi.json", headers=KEY).json()["paths"]
    for path in ("/metrics", "/model"):
        operation = paths[path]["get"]
        assert ("security" in operation) == ("401" in operation["responses"]) == listed
    assert "security" not in paths["/health/live"]["get"]
    for path in ("/predict", "/feedback"):
        operation = paths[path]["post"]
        assert operation["security"] == [{"APIKeyHeader": []}, {"HTTPBearer": []}]
        assert "401" in operation["responses"]


def test_without_keys_the_documentation_asks_for_none(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "securitySchemes" not in document["components"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "security" not in operation
            assert "401" not in operation["responses"]


def test_a_key_for_all_needs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("KEYS_REQUIRED_FOR", "ALL")
    with pytest.raises(ConfigurationError, match="KEYS_REQUIRED_FOR=all needs API_KEYS_FILE"):
        Settings.load()


def test_metrics_that_cannot_be_read_are_a_problem_with_its_reason_in_the_log(
    make_components: MakeComponents, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    components = make_components()

    def fail() -> None:
        raise OSError("the secret")

    components.registry.before_exposing(fail)
    reply = asyncio.run(ask(wrap(components), "GET", "/metrics"))
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert (reply.status, reply.json()["type"]) == (500, "urn:problem:unexpected")
    assert b"secret" not in reply.body
    assert vars(record)["request_id"] == reply.json()["request_id"]

"""Behind a proxy's prefix, and for pages of other origins: only where it is set."""

from collections.abc import Callable
from typing import Any

import pytest
from modelserve.errors import ConfigurationError
from modelserve.settings import Settings
from starlette.testclient import TestClient

MakeClient = Callable[..., TestClient]
ORIGIN = "https://shop.example"
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("prefix", ["", "/models/iris"], ids=["removed by the proxy", "kept"])
def test_every_route_is_below_the_prefix(make_client: MakeClient, row: Row, prefix: str) -> None:
    client = make_client(root_path="/models/iris")
    for path in ("/", "/docs", "/health/live", "/metrics", "/model", "/v2", "/v2/health/ready"):
        assert client.get(prefix + path).status_code == 200, path
    assert client.post(f"{prefix}/predict", json={"instances": [row]}).status_code == 200
    assert client.get(f"{prefix}/static-offline-docs/swagger-ui.css").status_code == 200
    assert client.get(f"{prefix}/v2/nowhere").json().keys() == {"error"}
    servers = client.get(f"{prefix}/openapi.json").json()["servers"]
    assert servers == [{"url": "/models/iris"}]


def test_a_prefix_is_not_the_beginning_of_another_name(make_client: MakeClient, row: Row) -> None:
    client = make_client(root_path="/pre")
    assert client.post("/predict", json={"instances": [row]}).status_code == 200
    assert client.get("/pre").status_code == 200
    assert client.get("/prefix").status_code == 404


@pytest.mark.parametrize(
    ("trusted", "given", "prefix"),
    [
        pytest.param((), "/shop", None, id="nobody"),
        pytest.param(("10.0.0.0/8",), "/shop", None, id="another"),
        pytest.param(("10.0.0.0/8", "127.0.0.1"), "/shop", "/shop", id="this-one"),
        pytest.param(("127.0.0.0/8",), "/shop/", "/shop", id="network"),
        pytest.param(("*",), "/shop/iris", "/shop/iris", id="everyone"),
        pytest.param(("*",), "//evil.example", None, id="another-host"),
        pytest.param(("*",), "https://evil.example", None, id="an-address"),
        pytest.param(("*",), "/a b", None, id="no-path"),
        pytest.param(("*",), None, None, id="no-header"),
    ],
)
def test_a_prefix_is_taken_from_a_trusted_proxy_only(
    make_client: MakeClient, trusted: tuple[str, ...], given: str | None, prefix: str | None
) -> None:
    app = make_client(trusted_proxies=trusted).app
    client = TestClient(app, client=("127.0.0.1", 1))
    headers = {} if given is None else {"x-forwarded-prefix": given}
    document = client.get("/openapi.json", headers=headers).json()
    assert document.get("servers") == (prefix and [{"url": prefix}])
    assert client.get("/docs", headers=headers).status_code == 200


def test_a_proxy_without_an_address_is_not_trusted(make_client: MakeClient) -> None:
    client = make_client(trusted_proxies=("127.0.0.1",))  # the test client is no address
    document = client.get("/openapi.json", headers={"x-forwarded-prefix": "/shop"}).json()
    assert "servers" not in document


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_link_to_what_is_beside_them(make_client: MakeClient, path: str) -> None:
    page = make_client().get(path).text
    assert not [quote for quote in ('href="/', 'src="/', "url: '/") if quote in page]


def test_without_a_word_of_the_operator_no_page_of_another_origin_is_let_in(
    client: TestClient, row: Row
) -> None:
    response = client.post("/predict", json={"instances": [row]}, headers={"origin": ORIGIN})
    preflight = {"origin": ORIGIN, "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in response.headers
    assert client.options("/predict", headers=preflight).status_code == 405


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [((ORIGIN, "https://desk.example"), ORIGIN), (("*",), "*"), (("https://desk.example",), None)],
)
def test_pages_of_the_origins_that_are_set_may_predict(
    make_client: MakeClient, row: Row, origins: tuple[str, ...], allowed: str | None
) -> None:
    client = make_client(cors_origins=origins)
    preflight = client.options(
        "/predict",
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-api-key",
        },
    )
    answer = client.post("/predict", json={"instances": [row]}, headers={"origin": ORIGIN})
    refused = client.post("/predict", json={}, headers={"origin": ORIGIN})
    assert preflight.status_code == (200 if allowed else 400)
    assert (answer.status_code, refused.status_code) == (200, 422)
    for response in (preflight, answer, refused):
        assert response.headers.get("access-control-allow-origin") == allowed
    if allowed:
        assert "x-api-key" in preflight.headers["access-control-allow-headers"].lower()
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CORS_ORIGINS", "shop.example", "list origins such as https://shop.example"),
        ("CORS_ORIGINS", "https://shop.example/page", "without a path"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy", "'proxy' does not appear to be"),
        ("ROOT_PATH", "iris", "String should match"),
        ("ROOT_PATH", "//iris", "String should match"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name}=.*{complaint}"):
        Settings.load()


def test_the_slash_at_the_end_of_a_prefix_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOT_PATH", "/iris/")
    assert Settings.load().root_path == "/iris"

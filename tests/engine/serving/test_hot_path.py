"""A request's journey: what comes back for good and bad ones, and what is kept of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from modelserve.errors import MalformedError
from modelserve.serving.components import Components
from modelserve.serving.fastapi_app import create_fastapi_app
from modelserve.serving.hot_path import HotPath, Route
from modelserve.serving.request_context import RequestContext
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

MakeClient = Callable[..., TestClient]
MakeComponents = Callable[..., Components]
Ask = Callable[..., Awaitable[Any]]
Row = dict[str, Any]
JSON = {"content-type": "application/json"}


class Chooser:
    """Chooses a codec by the content type, and says in a header that it did."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec

    def choose(self, context: RequestContext) -> Any:
        """Choose the one codec there is, unless there is none of this type."""
        if context.headers[b"content-type"] != b"application/json":
            raise MalformedError("not in this way")
        return self._codec

    def head(self, context: RequestContext) -> list[tuple[bytes, bytes]]:
        """Tell what is known once it was answered."""
        return [(b"x-rows", str(context.rows).encode())]


class BrokenCodec:
    """A codec with a bug."""

    def decode(self, body: bytes) -> Any:
        """Fail in a way that nobody has foreseen."""
        raise RuntimeError(f"the secret {len(body)}")

    def encode(self, call: Any, prediction: Any, inference_id: str) -> bytes:
        """Never be reached."""
        raise NotImplementedError


def test_rows_are_answered_in_their_order(client: TestClient, golden: list[Row]) -> None:
    rows = [case["input"] for case in golden]
    together = client.post("/predict", json={"instances": rows})
    alone = [client.post("/predict", json={"instances": [row]}).json() for row in rows]
    assert together.status_code == 200
    assert together.json()["degraded"] is False
    assert together.json()["predictions"] == [each["predictions"][0] for each in alone]


def test_an_answer_names_its_model_and_itself(client: TestClient, row: Row, trained: Any) -> None:
    first, second = (client.post("/predict", json={"instances": [row]}).json() for _ in range(2))
    assert first["model_name"] == trained.manifest.name
    assert first["model_version"] == trained.manifest.version
    assert first["inference_id"] != second["inference_id"]
    assert first["predictions"] == second["predictions"]


@pytest.mark.parametrize("body", [b"{", b'{"instances": [', b"what?", b"{'instances': []}"])
def test_a_body_that_is_no_json_is_malformed(client: TestClient, body: bytes) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:malformed-body"
    assert "no valid JSON" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"[" * 10_000, id="deep"),
        pytest.param(b'{"instances": ["\\ud800"]}', id="half-a-character"),
    ],
)
def test_odd_bytes_are_malformed(client: TestClient, body: bytes) -> None:
    response = client.post("/predict", content=body)
    assert (response.status_code, response.json()["title"]) == (400, "Bad Request")


def test_every_bad_field_of_every_bad_row_is_named(
    client: TestClient, row: Row, pointer: Callable[..., str]
) -> None:
    field = next(iter(row))
    rest = {name: value for name, value in row.items() if name != field}
    rows = [rest, row, row | {"a/b~c": 1, field: None}, "no row"]
    response = client.post("/predict", json={"instances": rows})
    problem = response.json()
    field_errors = {each["pointer"]: each["detail"] for each in problem["errors"]}
    assert response.status_code == 422
    assert problem["type"] == "urn:problem:invalid-input"
    assert problem["detail"] == "The input has 4 problems."
    assert field_errors.keys() == {
        pointer("instances", 0, field),
        pointer("instances", 2, field),
        "/instances/2/a~1b~0c",
        "/instances/3",
    }
    assert field_errors[pointer("instances", 0, field)] == "this field is missing"
    assert field_errors["/instances/2/a~1b~0c"] == "there is no such field"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/predict", 405, id="wrong-method"),
        pytest.param("/v2/models/any/infer", 405, id="wrong-method-of-the-protocol"),
        pytest.param("/nowhere", 404, id="no-such-path"),
        pytest.param("/v2/nowhere", 404, id="no-such-path-of-the-protocol"),
    ],
)
def test_what_is_not_there_is_reported_with_the_request_id(
    client: TestClient, path: str, status: int
) -> None:
    response = client.get(path, headers={"x-request-id": "mine"})
    assert response.status_code == status
    assert response.headers["x-request-id"] == "mine"
    assert "mine" in response.text
    assert ("error" in response.json()) == path.startswith("/v2")
    if status == 405:
        assert response.headers["allow"] == "POST"


def test_a_plain_request_id_is_taken(client: TestClient) -> None:
    response = client.post("/predict", content=b"", headers={"x-request-id": "abc-1.2_3"})
    assert response.headers["x-request-id"] == response.json()["request_id"] == "abc-1.2_3"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("a b", id="space"),
        pytest.param('"},{"', id="json"),
        pytest.param("x" * 65, id="long"),
        pytest.param("", id="empty"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/nowhere"])
def test_an_odd_request_id_is_replaced(client: TestClient, path: str, given: str) -> None:
    response = client.post(path, content=b"", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == response.json()["request_id"]
    assert len(response.json()["request_id"]) == 32


def test_where_headers_decide_they_do_so_before_the_body_is_read(
    make_components: MakeComponents, ask: Ask, body: bytes
) -> None:
    components = make_components()
    route = Route(
        "/ask", BrokenCodec(), components.error_responses.problem, Chooser(components.codec)
    )
    app = HotPath(create_fastapi_app(components), {"/ask": route}, components)
    reply = asyncio.run(ask(app, "POST", "/ask", body, headers=JSON))
    assert (reply.status, reply.headers["x-rows"]) == (200, "1")
    assert "content-type" not in reply.headers
    other = {"content-type": "text/plain"}
    refused = asyncio.run(ask(app, "POST", "/ask", b"half", headers=other, then="stall"))
    assert (refused.status, refused.json()["detail"]) == (400, "not in this way")


def test_the_route_of_predictions_can_be_set(make_client: MakeClient, row: Row) -> None:
    client = make_client(predict_route="/v1/answer")
    assert client.post("/v1/answer", json={"instances": [row]}).status_code == 200
    assert client.post("/predict", json={"instances": [row]}).status_code == 404


def test_there_are_no_websockets(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/predict"):
        pass

"""`codecs`: further request formats on the hot path, with the same keys and limits."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import ConfigurationError, MalformedError
from starlette.testclient import TestClient

Row = dict[str, Any]
Serve = Callable[..., TestClient]


class OneRow:
    """A format of one row, without a list around it."""

    content_type = "application/vnd.one+json"

    def __init__(self, service: Any) -> None:
        self.codec = service.codec

    def decode(self, body: bytes) -> Any:
        """Return the row's tensors."""
        if body == b"what?":
            raise MalformedError("This is no row.")
        return self.codec.gather(self.codec.inputs.parse([json.loads(body)]))

    def encode(self, given: Any, prediction: Any, inference_id: str) -> bytes:
        """Return the row's answer."""
        (answer,) = self.codec.answers(given, prediction)
        return f'{{"id":"{inference_id}","answer":{answer}}}'.encode()


class Injecting(OneRow):
    """A format that would write another header."""

    content_type = "a/b\r\nX-Another: 1"


def codecs(service: Any) -> dict[str, Any]:
    """Return the format at a path of its own."""
    return {"/one": OneRow(service)}


async def encode_late(*_: Any) -> bytes:
    """Return an answer, too late."""
    return b""


def broken(**methods: Any) -> Callable[..., Any]:
    """Return a hook whose codec has other methods."""
    return lambda service: {"/one": type("Broken", (OneRow,), methods)(service)}


def test_a_codec_answers_as_the_service_does(serve: Serve, row: Row) -> None:
    client = serve(codecs=codecs)
    response = client.post("/one", json=row)
    plain = client.post("/predict", json={"instances": [row]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.one+json"
    assert response.json()["answer"] == plain.json()["predictions"][0]
    assert 'route="/one"' in client.get("/metrics").text


def test_a_codec_has_hooks_keys_and_limits(serve: Serve, row: Row, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")

    def withhold(_: Any, predictions: list[Row], rows: Any) -> list[Row]:
        return [{"label": "withheld", "rows": len(rows)} for _ in predictions]

    client = serve(
        {"api_keys_file": keys, "max_body_bytes": 1_024}, codecs=codecs, postprocess=withhold
    )
    key = {"x-api-key": "open"}
    assert client.post("/one", json=row).status_code == 401
    assert client.post("/one", content=b" " * 1_025, headers=key).status_code == 413
    answer = client.post("/one", json=row, headers=key).json()["answer"]
    assert answer == {"label": "withheld", "rows": 1}


def test_a_codecs_own_complaint_is_the_clients(serve: Serve, row: Row) -> None:
    client = serve(codecs=codecs)
    assert client.post("/one", content=b"what?").json()["detail"] == "This is no row."
    name = next(iter(row))
    refused = client.post("/one", json=row | {name: None})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/0/{name}")


@pytest.mark.parametrize(
    "hook",
    [
        pytest.param(broken(decode=lambda *_: {}["secret"]), id="decode-raises"),
        pytest.param(broken(decode=lambda *_: None), id="decode-returns-nothing"),
        pytest.param(broken(encode=lambda *_: {}["secret"]), id="encode-raises"),
        pytest.param(broken(encode=lambda *_: "text"), id="encode-returns-text"),
    ],
)
def test_a_codec_that_fails_is_a_500_with_its_reason_in_the_log(
    serve: Serve, row: Row, hook: Any, caplog: pytest.LogCaptureFixture
) -> None:
    response = serve(codecs=hook).post("/one", json=row)
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert (response.status_code, response.json()["type"]) == (500, "urn:problem:model-failed")
    assert "/one" in response.json()["detail"]
    assert "secret" not in response.text
    assert vars(record)["request_id"] == response.json()["request_id"]


def test_a_capture_keeps_a_codecs_bodies_and_redacts_what_it_cannot_read(
    serve: Serve, row: Row, tmp_path: Path
) -> None:
    for name, settings in (("all", {}), ("none", {"capture_redact": (next(iter(row)),)})):
        folder = tmp_path / name
        client = serve({"capture_dir": folder} | settings, codecs=codecs)
        client.post("/one", json=row, headers={"content-type": "application/json"})
        client.app.components.log_queue.close()  # type: ignore[attr-defined]
        (path,) = folder.rglob("*.jsonl")
        data = json.loads(path.read_text(encoding="utf-8"))["captureData"]
        kept = data["endpointInput"]["data"]
        assert kept == "[redacted]" if settings else json.loads(kept) == row
        assert data["endpointOutput"]["observedContentType"] == OneRow.content_type


@pytest.mark.parametrize(
    "path",
    [
        "/predict",
        "/invocations",
        "/ping",
        "/health/ready",
        "/health/live",
        "/metrics",
        "/model",
        "/feedback",
        "/docs",
        "/openapi.json",
        "/",
        "/v2/models/mine/infer",
    ],
)
def test_a_path_that_the_service_answers_is_refused(serve: Serve, path: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"codecs\(\) in service.py: .* {path}; choose"):
        serve(codecs=lambda service: {path: OneRow(service)})


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        pytest.param(lambda service: {"one": OneRow(service)}, "begin with a slash", id="path"),
        pytest.param(lambda service: {1: OneRow(service)}, "1 must begin with", id="number"),
        pytest.param(lambda service: {"/{id}": OneRow(service)}, "never be answered", id="pattern"),
        pytest.param(lambda service: {"/a?b=1": OneRow(service)}, "never be answered", id="query"),
        pytest.param(lambda _: {"/one": OneRow}, "is the class OneRow; return", id="class"),
        pytest.param(lambda service: None, "returned None; return a dict of codecs", id="none"),
        pytest.param(lambda service: [OneRow(service)], "returned a list; return", id="list"),
        pytest.param(lambda service: {"/one": object()}, "`decode` and `encode`", id="no-codec"),
        pytest.param(broken(encode=encode_late), "Broken.encode is a coroutine", id="coroutine"),
        pytest.param(
            lambda service: {"/one": Injecting(service)},
            "no content type",
            id="content-type",
        ),
    ],
)
def test_what_is_no_codec_is_refused_at_the_start(serve: Serve, hook: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        serve(codecs=hook)

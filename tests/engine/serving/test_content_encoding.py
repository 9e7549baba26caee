"""Compressed bodies: gzip is read on every route, within the limit; others are refused."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.errors import ContentEncodingError, MalformedError, TooLargeError
from modelserve.serving.app import wrap
from modelserve.serving.content_encoding import decompress
from starlette.testclient import TestClient

Row = dict[str, Any]


@pytest.mark.parametrize("encoding", [b"gzip", b"GZIP", b" x-gzip "])
def test_gzip_is_decompressed(encoding: bytes) -> None:
    assert decompress(gzip.compress(b"text"), encoding, limit_bytes=4) == b"text"


@pytest.mark.parametrize("encoding", [b"", b"identity"])
def test_no_encoding_changes_nothing(encoding: bytes) -> None:
    assert decompress(b"text", encoding, limit_bytes=4) == b"text"


def test_several_members_are_one_body() -> None:
    body = gzip.compress(b"a") + gzip.compress(b"b") + b"\0" * 8
    assert decompress(body, b"gzip", limit_bytes=2) == b"ab"


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"gzip, gzip", b"zstd", b"\xff"])
def test_another_encoding_is_refused_with_the_one_that_is_read(encoding: bytes) -> None:
    with pytest.raises(ContentEncodingError, match="send gzip"):
        decompress(b"text", encoding, limit_bytes=4)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="plain"),
        pytest.param(zlib.compress(b"text"), id="zlib"),
        pytest.param(gzip.compress(b"text")[:-1], id="cut-off"),
        pytest.param(gzip.compress(b"text")[:-8] + b"\0" * 8, id="wrong-checksum"),
        pytest.param(gzip.compress(b"text") + b"{}", id="something-behind"),
        pytest.param(gzip.compress(b"") * 1_000, id="many-members"),
    ],
)
def test_what_is_no_gzip_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError, match="no valid gzip"):
        decompress(body, b"gzip", limit_bytes=100)


@pytest.mark.parametrize("members", [1, 5])
def test_a_bomb_ends_at_the_limit(members: int) -> None:
    bomb = gzip.compress(bytes(10_000_000)) * members
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="more than 1000 bytes once decompressed"):
            decompress(bomb, b"gzip", limit_bytes=1_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 500_000


@pytest.fixture
def routes(
    make_client: Callable[..., TestClient], trained: Any, row: Row, truth: Row
) -> tuple[TestClient, dict[str, Any]]:
    """Return a client, and a good body for each route that takes one."""
    client = make_client(platform="sagemaker", max_body_bytes=4_096)
    values = list(row.values())
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, len(values)], "data": values}
    return client, {
        "/predict": {"instances": [row]},
        "/invocations": {"instances": [row]},
        f"/v2/models/{trained.manifest.name}/infer": {"inputs": [tensor]},
        "/feedback": {"outcomes": [{"inference_id": "0" * 32} | truth]},
    }


def test_every_route_reads_gzip(routes: tuple[TestClient, dict[str, Any]]) -> None:
    client, bodies = routes
    for path, content in bodies.items():
        body = gzip.compress(json.dumps(content).encode())
        response = client.post(path, content=body, headers={"content-encoding": "gzip"})
        assert response.status_code == 200, response.text


def test_every_route_refuses_other_encodings(routes: tuple[TestClient, dict[str, Any]]) -> None:
    client, bodies = routes
    for path in bodies:
        response = client.post(path, content=b"x", headers={"content-encoding": "br"})
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip")


def test_every_route_ends_a_bomb(routes: tuple[TestClient, dict[str, Any]]) -> None:
    client, bodies = routes
    bomb = gzip.compress(b" " * 1_000_000)
    for path in bodies:
        response = client.post(path, content=bomb, headers={"content-encoding": "gzip"})
        assert response.status_code == 413, path


@pytest.mark.parametrize("claimed", ["text/csv", "application/x-www-form-urlencoded", "x"])
def test_json_is_captured_as_json_whatever_the_client_calls_it(
    make_components: Callable[..., Any], body: bytes, tmp_path: Path, claimed: str
) -> None:
    components = make_components(capture_dir=tmp_path)
    headers = {"content-type": claimed}
    assert TestClient(wrap(components)).post("/predict", content=body, headers=headers).is_success
    components.log_queue.close()
    (path,) = tmp_path.rglob("*.jsonl")
    captured = json.loads(path.read_bytes())["captureData"]["endpointInput"]
    assert captured["data"].encode() == body
    assert (captured["encoding"], captured["observedContentType"]) == ("JSON", "application/json")


def test_a_compressed_body_is_captured_as_it_was_before(
    make_components: Callable[..., Any], body: bytes, tmp_path: Path
) -> None:
    components = make_components(capture_dir=tmp_path)
    headers = {"content-encoding": "gzip"}
    TestClient(wrap(components)).post("/predict", content=gzip.compress(body), headers=headers)
    components.log_queue.close()
    (path,) = tmp_path.rglob("*.jsonl")
    record = json.loads(path.read_bytes())
    assert record["captureData"]["endpointInput"]["data"].encode() == body

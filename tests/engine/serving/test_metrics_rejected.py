"""Unusual requests are counted by their reason and by whose they are."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving.app import wrap
from modelserve.serving.metrics import OUT_OF_RANGE, REJECTED
from starlette.testclient import TestClient

MakeClient = Callable[..., TestClient]
Counted = Callable[[TestClient], dict[tuple[str, str], float]]
Row = dict[str, Any]
REASONS = {
    *(
        "body-too-large",
        "client-gone",
        "content-encoding",
        "invalid-input",
        "key-refused",
        "malformed-body",
    ),
    *("out-of-range", "slow-body", "unknown-model"),
}
UNUSUAL_REQUESTS = "http_unusual_requests_total"


@pytest.fixture
def counted(figures: Callable[[str], Any]) -> Counted:
    """Return a way to what a service has counted, by reason and consumer, without noughts."""

    def read(client: TestClient) -> dict[tuple[str, str], float]:
        return {
            (each.labels["reason"], each.labels["consumer"]): each.value
            for each in figures(client.get("/metrics").text).samples
            if each.name == UNUSUAL_REQUESTS and each.value
        }

    return read


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """Return a file that lets the shop in with the key "open"."""
    path = tmp_path / "keys"
    path.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    return path


@pytest.fixture
def shop(make_client: MakeClient, keys_file: Path) -> TestClient:
    """Return a client with a key, of a service that asks for one."""
    client = make_client(api_keys_file=keys_file)
    client.headers["x-api-key"] = "open"
    return client


def test_every_reason_stands_at_nought_for_everyone_from_the_start(
    make_client: MakeClient, keys_file: Path, figures: Callable[[str], Any]
) -> None:
    assert set(REJECTED) == REASONS
    for settings, consumers in (
        ({}, {"anonymous"}),
        ({"api_keys_file": keys_file}, {"anonymous", "shop"}),
    ):
        told = figures(make_client(**settings).get("/metrics").text)
        actual = [each for each in told.samples if each.name == UNUSUAL_REQUESTS]
        pairs = [(each.labels["reason"], each.labels["consumer"]) for each in actual]
        assert sorted(pairs) == sorted((why, who) for why in REASONS for who in consumers)
        assert {each.value for each in actual} == {0}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        pytest.param("/predict", b"{", "malformed-body", id="malformed"),
        pytest.param("/predict", b"x" * 1_048_577, "body-too-large", id="too-large"),
        pytest.param("/predict", b'{"instances": [{}]}', "invalid-input", id="invalid"),
        pytest.param("/v2/models/{}/infer", b'{"inputs": []}', "invalid-input", id="tensors"),
        pytest.param("/feedback", b"{", "malformed-body", id="malformed-feedback"),
        pytest.param("/feedback", b"x" * 1_048_577, "body-too-large", id="too-large-feedback"),
        pytest.param("/feedback", b'{"outcomes": []}', "invalid-input", id="invalid-feedback"),
    ],
)
def test_what_is_refused_is_counted_by_reason_and_consumer(
    shop: TestClient, counted: Counted, path: str, body: bytes, reason: str
) -> None:
    shop.post(path.format(shop.app.components.manifest.name), content=body)
    assert counted(shop) == {(reason, "shop"): 1}


def test_who_asks_for_another_model_is_counted(
    shop: TestClient, counted: Counted, row: Row, tensors: Any
) -> None:
    shop.post("/v2/models/another/infer", json=tensors(shop.app.components, [row]))
    assert counted(shop) == {("unknown-model", "shop"): 1}


@pytest.mark.parametrize("path", ["/predict", "/v2/models/{}/infer", "/feedback"])
def test_a_key_that_is_refused_is_anonymous(
    shop: TestClient, trained: Any, counted: Counted, path: str
) -> None:
    for key in ("", "wrong"):
        headers = {"x-api-key": key}
        shop.post(path.format(trained.manifest.name), content=b"{}", headers=headers)
    assert counted(shop) == {("key-refused", "anonymous"): 2}


@pytest.mark.parametrize("path", ["/predict", "/feedback"])
def test_a_body_that_stalls_is_counted(
    make_components: Callable[..., Any],
    ask: Callable[..., Awaitable[Any]],
    counted: Counted,
    path: str,
) -> None:
    app = wrap(make_components(body_timeout_s=0.01))
    assert asyncio.run(ask(app, "POST", path, b"half", then="stall")).status == 408
    assert counted(TestClient(app)) == {("slow-body", "anonymous"): 1}


@pytest.mark.parametrize("path", ["/predict", "/v2/models/{}/infer", "/feedback"])
def test_a_client_that_hangs_up_within_its_body_is_counted_as_gone(
    make_components: Callable[..., Any],
    ask: Callable[..., Awaitable[Any]],
    trained: Any,
    counted: Counted,
    path: str,
) -> None:
    app = wrap(make_components())
    asyncio.run(ask(app, "POST", path.format(trained.manifest.name), b"half", then="disconnect"))
    assert counted(TestClient(app)) == {("client-gone", "anonymous"): 1}


def test_a_request_beyond_what_training_saw_is_counted_once(
    shop: TestClient, trained: Any, counted: Counted, beyond: Row, tensors: Any
) -> None:
    usual = shop.app.components.codec.inputs.example()
    rows = [usual, beyond, usual, beyond]
    for path, body in (
        ("/predict", {"instances": rows}),
        (f"/v2/models/{trained.manifest.name}/infer", tensors(shop.app.components, rows)),
        ("/predict", {"instances": [usual, usual]}),
    ):
        assert shop.post(path, json=body).status_code == 200
    assert counted(shop) == {(OUT_OF_RANGE, "shop"): 2}


def test_what_was_neither_refused_nor_odd_is_counted_nowhere(
    shop: TestClient, counted: Counted
) -> None:
    usual = shop.app.components.codec.inputs.example()
    shop.post("/predict", json={"instances": [usual]})
    for path in ("/", "/health/ready", "/nowhere", "/docs"):
        shop.get(path)
    shop.get("/predict")
    assert counted(shop) == {}

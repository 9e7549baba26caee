"""Named keys: who may ask, and by which name they are known."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import errors
from modelserve.serving import access
from starlette.testclient import TestClient

MakeClient = Callable[..., TestClient]


def digest(key: bytes) -> str:
    """Return what the file keeps of a key."""
    return hashlib.sha256(key).hexdigest()


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """Return a file with two consumers, a comment and empty lines."""
    path = tmp_path / "keys"
    lines = ["# consumers", "", f"shop:{digest(b'open')}", f"  desk.2:{digest(b'sesame')}  ", ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("headers", "consumer"),
    [
        pytest.param({"x-api-key": "open"}, "shop", id="header"),
        pytest.param({"x-api-key": "open \t"}, "shop", id="space-behind-it"),
        pytest.param({"authorization": "Bearer sesame"}, "desk.2", id="bearer"),
        pytest.param({"authorization": "bearer sesame"}, "desk.2", id="bearer-in-lower-case"),
        pytest.param({"x-api-key": "open", "authorization": "Basic x"}, "shop", id="both"),
    ],
)
def test_a_key_lets_its_consumer_in_and_names_it(
    make_client: MakeClient, keys_file: Path, body: bytes, headers: Any, consumer: str
) -> None:
    client = make_client(api_keys_file=keys_file)
    assert client.post("/predict", content=body, headers=headers).status_code == 200
    series = [line for line in client.get("/metrics").text.splitlines() if "/predict" in line]
    assert any(f'consumer="{consumer}"' in line for line in series)
    assert not any("open" in line or "sesame" in line for line in series)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"x-api-key": "wrong"}, id="wrong"),
        pytest.param({"x-api-key": ""}, id="empty"),
        pytest.param({"x-api-key": digest(b"open")}, id="the-digest-itself"),
        pytest.param({"authorization": "Basic open"}, id="another-scheme"),
        pytest.param({"authorization": "Basic Bearer open"}, id="a-scheme-within"),
        pytest.param({"authorization": "Bearer"}, id="bearer-of-nothing"),
        pytest.param({"authorization": "open"}, id="no-scheme"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/v2/models/{}/infer"])
def test_nobody_else_gets_in(
    make_client: MakeClient, keys_file: Path, trained: Any, headers: Any, path: str
) -> None:
    client = make_client(api_keys_file=keys_file)
    response = client.post(path.format(trained.manifest.name), content=b"{}", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["x-request-id"] in response.text
    series = [line for line in client.get("/metrics").text.splitlines() if 'status="401"' in line]
    assert len(series) == 1
    assert 'consumer="anonymous"' in series[0]


def test_whoever_sends_no_key_is_reported_how(make_client: MakeClient, keys_file: Path) -> None:
    problem = make_client(api_keys_file=keys_file).post("/predict", content=b"{}").json()
    assert problem["type"] == "urn:problem:key-refused"
    assert "X-API-Key or as a bearer token" in problem["detail"]


def test_health_metrics_and_the_page_need_no_key(make_client: MakeClient, keys_file: Path) -> None:
    client = make_client(api_keys_file=keys_file)
    for path in ("/", "/health/live", "/health/ready", "/metrics", "/model", "/v2/health/ready"):
        assert client.get(path).status_code == 200


def test_a_key_that_was_let_in_opens_for_no_other(keys_file: Path) -> None:
    doors = access.load_access(keys_file)
    for _ in range(2):
        assert doors.identify({b"x-api-key": b"open"}) == "shop"
        assert doors.identify({b"authorization": b"Bearer sesame"}) == "desk.2"
        with pytest.raises(errors.AccessError, match="not known"):
            doors.identify({b"x-api-key": b"opened"})


def test_keys_that_are_replaced_let_nobody_in_any_more(keys_file: Path) -> None:
    doors = access.load_access(keys_file)
    assert doors.consumers == ("shop", "desk.2")
    assert doors.identify({b"x-api-key": b"open"}) == "shop"
    fresh = {"till": hashlib.sha256(b"sesame").digest()}
    assert [doors.replace(fresh), doors.replace(dict(fresh))] == [True, False]
    assert doors.consumers == ("till",)
    assert doors.identify({b"x-api-key": b"sesame"}) == "till"
    with pytest.raises(errors.AccessError, match="not known"):
        doors.identify({b"x-api-key": b"open"})


def test_doors_without_any_key_stay_shut(keys_file: Path) -> None:
    doors = access.load_access(keys_file)
    assert doors.replace({})
    assert doors.required
    for headers in ({}, {b"x-api-key": b"open"}):
        with pytest.raises(errors.AccessError):
            doors.identify(headers)


def test_without_keys_everyone_is_anonymous() -> None:
    everyone = access.load_access(None)
    assert (everyone.required, everyone.closed) == (False, False)
    assert everyone.identify({b"x-api-key": b"any"}) == access.ANONYMOUS
    assert everyone.consumers == (access.ANONYMOUS,)


def test_every_wrong_line_is_numbered_and_none_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    good = f"shop:{digest(b'open')}"
    path.write_text(f"{good}\nsecret\n{good}\na b:{digest(b'x')}\nshop2:12\n", encoding="utf-8")
    with pytest.raises(errors.ConfigurationError, match=r"lines \[2, 3, 4, 5\]") as caught:
        access.load_access(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"\xff\xfe", "cannot be read", id="no-text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.ConfigurationError, match=complaint):
        access.load_access(path)


@pytest.mark.parametrize("content", [b"", b"# only a comment\n"], ids=["empty", "comment"])
def test_a_file_without_a_key_shuts_everyone_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(content)
    doors = access.load_access(path)
    assert (doors.required, doors.closed) == (True, True)
    for headers in ({}, {b"x-api-key": b"open"}):
        with pytest.raises(errors.AccessError):
            doors.identify(headers)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{digest(b'open')}\n", encoding="utf-8-sig")
    assert access.load_access(path).consumers == ("shop",)


def test_a_file_without_a_name_opens_nothing() -> None:
    with pytest.raises(errors.ConfigurationError, match=r"API_KEYS_FILE names no file.*unset it"):
        access.load_access(Path())


def test_a_key_that_was_made_is_let_in(tmp_path: Path) -> None:
    key, line = access.make_key("shop")
    path = tmp_path / "keys"
    path.write_text(line, encoding="utf-8")
    assert key not in line
    assert access.load_access(path).identify({b"x-api-key": key.encode()}) == "shop"
    assert access.make_key("shop")[0] != key


def test_no_key_has_the_name_of_requests_without_one(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="stands for requests without a key"):
        access.make_key(access.ANONYMOUS)
    path = tmp_path / "keys"
    path.write_text(f"{access.ANONYMOUS}:{digest(b'open')}\n", encoding="utf-8")
    with pytest.raises(errors.ConfigurationError, match=r"lines \[1\] are not"):
        access.load_access(path)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 65, "é", "a\n"])
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="no name for a key"):
        access.make_key(name)

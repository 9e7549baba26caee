"""Requests to /invocations that are rejected, and the limits of their bodies."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.serving.app import wrap
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes", "sentiment")
JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
TYPES = (JSON, CSV, LINES)
Row = dict[str, Any]
MakeClient = Callable[..., TestClient]
MakeComponents = Callable[..., Any]


def write(content_type: str, rows: list[Row]) -> bytes:
    """Return a body that holds rows."""
    if content_type == CSV:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(row.values() for row in rows)
        return text.getvalue().encode()
    if content_type == LINES:
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    return json.dumps({"instances": rows}).encode()


@pytest.fixture
def rows(golden: list[Row]) -> list[Row]:
    """Return the golden cases' rows."""
    return [case["input"] for case in golden]


@pytest.mark.parametrize("asked", TYPES)
def test_every_bad_field_of_every_bad_row_is_named_as_predict_names_it(
    client: TestClient, row: Row, pointer: Callable[..., str], asked: str
) -> None:
    wrong = dict.fromkeys(row, "")
    rows = [row, wrong, row, wrong]
    headers = {"content-type": asked}
    response = client.post("/invocations", content=write(asked, rows), headers=headers)
    plain = client.post("/predict", json={"instances": rows})
    assert response.status_code == plain.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    pointers = [each["pointer"] for each in response.json()["errors"]]
    assert pointers == [each["pointer"] for each in plain.json()["errors"]]
    assert pointers == [pointer("instances", i, name) for i in (1, 3) for name in row]


@pytest.mark.parametrize("asked", TYPES)
def test_more_rows_than_allowed_are_refused(make_client: MakeClient, row: Row, asked: str) -> None:
    client = make_client(max_rows=2)
    headers = {"content-type": asked}
    fitting, beyond = write(asked, [row] * 2), write(asked, [row] * 3)
    assert client.post("/invocations", content=fitting, headers=headers).status_code == 200
    response = client.post("/invocations", content=beyond, headers=headers)
    (complaint,) = response.json()["errors"]
    assert (response.status_code, complaint["pointer"]) == (422, "/instances")
    assert "2" in complaint["detail"]
    assert "3" in complaint["detail"]


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        pytest.param({"content-type": "text/plain"}, 415, "unsupported-media-type", id="asked"),
        pytest.param({"accept": "text/html"}, 406, "not-acceptable", id="answered"),
    ],
)
def test_a_type_that_is_not_spoken_here_is_refused_and_is_no_alarm(
    make_components: MakeComponents, body: bytes, headers: Row, status: int, kind: str
) -> None:
    components = make_components()
    response = TestClient(wrap(components)).post("/invocations", content=body, headers=headers)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:problem:{kind}"
    assert "application/json, text/csv or application/jsonlines" in problem["detail"]
    assert not components.notifier.messages


def test_a_body_as_long_as_sagemaker_sends_is_taken_where_the_limit_is_raised(
    make_client: MakeClient, body: bytes
) -> None:
    longest = body + b" " * (6 * 1_048_576 - len(body))
    assert make_client().post("/invocations", content=longest).status_code == 413
    raised = make_client(max_body_bytes=6 * 1_048_576)
    assert raised.post("/invocations", content=longest).status_code == 200
    assert raised.post("/invocations", content=longest + b" ").status_code == 413


def test_a_key_is_asked_for_before_anything_is_read(
    make_client: MakeClient, tmp_path: Path, body: bytes
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"shop:{hashlib.sha256(b'open').hexdigest()}\n", encoding="utf-8")
    client = make_client(api_keys_file=keys)
    odd = {"content-type": "text/plain"}
    assert client.post("/invocations", content=body, headers=odd).status_code == 401
    let_in = client.post("/invocations", content=body, headers={"x-api-key": "open"})
    assert let_in.status_code == 200

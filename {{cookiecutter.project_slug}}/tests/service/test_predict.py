"""A prediction over HTTP, and what a client hears of a wrong request."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from modelserve.testing import edge_rows, invalid_rows
from modelserve.types import Prediction, Row, Rows

Post = Callable[..., Any]


def chunks(rows: Rows, service: Any) -> Iterator[Rows]:
    """Yield as many rows at a time as one request may carry."""
    size = min(100, service.settings.max_rows)
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def expected_answers(service: Any, rows: Rows) -> list[Any]:
    """Return what the model and the hooks answer, without HTTP."""
    given = service.codec.gather(rows)
    outputs = service.load_model(service.artifact, threads=1).run(given.tensors)
    answers = service.codec.answers(given, Prediction(outputs, degraded=False))
    return [json.loads(answer) for answer in answers]


def test_golden_rows_are_answered_in_their_order(post_rows: Post, service: Any, rows: Rows) -> None:
    response = post_rows(rows)
    assert response.status_code == 200
    content = response.json()
    assert content["predictions"] == expected_answers(service, rows)
    assert content["model_version"] == service.artifact.manifest.version
    assert content["degraded"] is False


def test_every_edge_of_the_schema_is_answered(post_rows: Post, service: Any, row: Row) -> None:
    for some in chunks(edge_rows(service.artifact.manifest.features, row), service):
        response = post_rows(some)
        assert response.status_code == 200, (some, response.text)


def test_an_invalid_field_is_named(post_rows: Post, service: Any, row: Row) -> None:
    for name, given in invalid_rows(service.artifact.manifest.features, row):
        response = post_rows([row, given])
        assert response.status_code == 422, given
        step = name.replace("~", "~0").replace("/", "~1")
        assert f"/instances/1/{step}" in [each["pointer"] for each in response.json()["errors"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"{", 400, id="no JSON"),
        pytest.param(b"[]", 422, id="no object"),
        pytest.param(b'{"instances": []}', 422, id="no rows"),
        pytest.param(b'{"instances": [{"no such field": 1}]}', 422, id="unknown field"),
    ],
)
def test_a_wrong_body_is_a_problem_document(
    client: Any, service: Any, body: bytes, status: int
) -> None:
    response = client.post(service.settings.predict_route, content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


def test_more_rows_than_allowed_are_rejected(post_rows: Post, make_client: Any, row: Row) -> None:
    response = post_rows([row] * 3, client=make_client(max_rows=2))
    assert response.status_code == 422


def test_the_open_inference_protocol_describes_the_model(client: Any, artifact: Any) -> None:
    manifest = artifact.manifest
    metadata = client.get(f"/v2/models/{manifest.name}").json()
    assert metadata["versions"] == [manifest.version]
    assert metadata["inputs"]
    assert metadata["outputs"]

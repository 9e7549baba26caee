"""A prediction over HTTP, and what a client hears of a wrong request."""

import json
from typing import Any

import pytest
from modelserve.testing import edge_rows, invalid_rows
from modelserve.types import Prediction, Row, Rows


def expected_answers(service: Any, rows: Rows) -> list[Any]:
    """Return what the model and the hooks answer, without HTTP."""
    given = service.codec.gather(rows)
    outputs = service.load_model(service.artifact, threads=1).run(given.tensors)
    answers = service.codec.answers(given, Prediction(outputs, degraded=False))
    return [json.loads(answer) for answer in answers]


def test_golden_rows_are_answered_in_their_order(client: Any, service: Any, rows: Rows) -> None:
    response = client.post("/predict", json={"instances": rows})
    assert response.status_code == 200
    content = response.json()
    assert content["predictions"] == expected_answers(service, rows)
    assert content["model_version"] == service.artifact.manifest.version
    assert content["degraded"] is False


def test_every_edge_of_the_schema_is_answered(client: Any, artifact: Any, row: Row) -> None:
    for given in edge_rows(artifact.manifest.features, row):
        response = client.post("/predict", json={"instances": [given]})
        assert response.status_code == 200, (given, response.text)


def test_an_invalid_field_is_named(client: Any, artifact: Any, row: Row) -> None:
    for name, given in invalid_rows(artifact.manifest.features, row):
        response = client.post("/predict", json={"instances": [row, given]})
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
def test_a_wrong_body_is_a_problem_document(client: Any, body: bytes, status: int) -> None:
    response = client.post("/predict", content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


def test_more_rows_than_allowed_are_refused(make_client: Any, row: Row) -> None:
    response = make_client(max_rows=2).post("/predict", json={"instances": [row] * 3})
    assert response.status_code == 422


def test_the_open_inference_protocol_describes_the_model(client: Any, artifact: Any) -> None:
    manifest = artifact.manifest
    metadata = client.get(f"/v2/models/{manifest.name}").json()
    assert metadata["versions"] == [manifest.version]
    assert metadata["inputs"]
    assert metadata["outputs"]

"""What a platform, a monitoring system and a person ask of the service."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from modelserve.testing import breakable, make_key
from modelserve.types import Row, Rows

WRITTEN_WITHIN_S = 20


def feedback_on(answer: Any, artifact: Any) -> dict[str, Any]:
    """Return a ground truth for the first row of an answer."""
    labels: Sequence[str] = artifact.manifest.labels
    truth = {"label": labels[0]} if labels else {"value": artifact.manifest.fallback[0]}
    return {"outcomes": [{"inference_id": answer["inference_id"], **truth}]}


@pytest.mark.parametrize(
    "path", ["/health/live", "/health/ready", "/metrics", "/model", "/docs", "/openapi.json", "/"]
)
def test_it_answers(client: Any, path: str) -> None:
    assert client.get(path).status_code == 200


def test_it_counts_rows_in_metrics(client: Any, rows: Rows) -> None:
    client.post("/predict", json={"instances": rows})
    lines = client.get("/metrics").text.splitlines()
    (line,) = (line for line in lines if line.startswith("model_rows_total{"))
    assert float(line.rpartition(" ")[2]) == len(rows)


def test_feedback_on_an_answer_is_counted(client: Any, artifact: Any, row: Row) -> None:
    answer = client.post("/predict", json={"instances": [row]}).json()
    response = client.post("/feedback", json=feedback_on(answer, artifact))
    assert response.status_code == 200
    assert response.json()["counted"] == 1


def test_a_failing_model_is_replaced_by_the_fallback_and_marked(
    project: Any, make_client: Any, row: Row
) -> None:
    service_class, models = breakable(project.service_class)
    client = make_client(service_class=service_class)
    models[0].broken = True
    answer = client.post("/predict", json={"instances": [row]}).json()
    assert answer["degraded"] is True
    assert client.get("/health/ready").json()["degraded"] is True


def test_an_api_key_is_asked_for(make_client: Any, tmp_path: Any, row: Row) -> None:
    key, line = make_key("tester")
    keys = tmp_path / "keys"
    keys.write_text(line, encoding="utf-8")
    client = make_client(api_keys_file=keys)
    body = {"instances": [row]}
    assert client.post("/predict", json=body).status_code == 401
    assert client.post("/predict", json=body, headers={"X-API-Key": key}).status_code == 200


def test_captures_are_written(make_client: Any, tmp_path: Any, row: Row) -> None:
    client = make_client(capture_dir=tmp_path, capture_file_age_s=0.1)
    client.post("/predict", json={"instances": [row]})
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while not (files := list(tmp_path.rglob("*.jsonl"))):
        assert time.monotonic() < deadline, "no capture was written"
        time.sleep(0.05)
    assert files[0].read_text(encoding="utf-8").count("\n") == 1

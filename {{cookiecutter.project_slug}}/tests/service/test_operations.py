"""What a platform, a monitoring system and a person ask of the service."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from modelserve.testing import breakable, make_key
from modelserve.types import Row, Rows

WRITTEN_WITHIN_S = 20

Post = Callable[..., Any]


def feedback_on(answer: Any, artifact: Any) -> dict[str, Any]:
    """Return a ground truth for the first row of an answer."""
    labels: Sequence[str] = artifact.manifest.labels
    truth = {"label": labels[0]} if labels else {"value": artifact.manifest.fallback[0]}
    return {"outcomes": [{"inference_id": answer["inference_id"], **truth}]}


@pytest.mark.parametrize(
    "path", ["/health/live", "/metrics", "/model", "/docs", "/openapi.json", "/"]
)
def test_it_answers(make_client: Any, path: str) -> None:
    assert make_client(docs=True).get(path).status_code == 200


def test_it_is_ready(client: Any, service: Any) -> None:
    response = client.get(service.settings.health_route)
    assert response.status_code == 200
    assert response.json()["model_version"] == service.artifact.manifest.version


def test_it_counts_rows_in_metrics(client: Any, post_rows: Post, rows: Rows) -> None:
    post_rows(rows)
    lines = client.get("/metrics").text.splitlines()
    counted = [line.rpartition(" ")[2] for line in lines if line.startswith("model_rows_total{")]
    assert sum(map(float, counted)) == len(rows)


def test_feedback_on_an_answer_is_counted(
    client: Any, post_rows: Post, artifact: Any, row: Row
) -> None:
    response = client.post("/feedback", json=feedback_on(post_rows([row]).json(), artifact))
    assert response.status_code == 200
    assert response.json()["counted"] == 1


def test_a_failing_model_is_replaced_by_the_fallback_and_marked(
    project: Any, make_client: Any, post_rows: Post, service: Any, row: Row
) -> None:
    service_class, models = breakable(project.service_class)
    client = make_client(service_class=service_class, degraded_answers=True)
    models[0].broken = True
    assert post_rows([row], client=client).json()["degraded"] is True
    assert client.get(service.settings.health_route).json()["degraded"] is True


def test_an_api_key_is_required(
    make_client: Any, post_rows: Post, tmp_path: Path, row: Row
) -> None:
    key, line = make_key("tester")
    keys = tmp_path / "keys"
    keys.write_text(line, encoding="utf-8")
    client = make_client(api_keys_file=keys)
    assert post_rows([row], client=client).status_code == 401
    assert post_rows([row], client=client, headers={"X-API-Key": key}).status_code == 200


def test_captures_are_written(make_client: Any, post_rows: Post, tmp_path: Path, row: Row) -> None:
    limits = {"capture_percentage": 100, "capture_file_age_s": 0.1}
    post_rows([row], client=make_client(capture_dir=tmp_path, **limits))
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while not (files := list(tmp_path.rglob("*.jsonl"))):
        assert time.monotonic() < deadline, "no capture was written"
        time.sleep(0.05)
    assert files[0].read_text(encoding="utf-8").count("\n") == 1

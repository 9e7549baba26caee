"""What the hooks of docs/make-it-yours.md do, seen by a client."""

import json
from typing import Any

import onnx
import pytest
from modelserve.testing import make_key


def test_the_route_is_documented_and_asks_for_a_key(
    client: Any, make_client: Any, project: Any, tmp_path: Any
) -> None:
    assert client.get("/hello").json() == {"hello": project.name}
    assert "/hello" in client.get("/openapi.json").json()["paths"]
    key, line = make_key("tester")
    (tmp_path / "keys").write_text(line, encoding="utf-8")
    locked = make_client(api_keys_file=tmp_path / "keys")
    assert locked.get("/hello").status_code == 401
    assert locked.get("/hello", headers={"X-API-Key": key}).status_code == 200


def test_the_setting_is_read_and_validated(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_class = project.service_class.settings_class
    assert settings_class.load().greeting == "hello"
    monkeypatch.setenv("GREETING", "olá")
    assert settings_class.load().greeting == "olá"
    monkeypatch.setenv("GREETING", "o" * 41)
    with pytest.raises(Exception, match="GREETING"):
        settings_class.load()


def test_preprocess_takes_absolute_values(post_rows: Any, row: Any) -> None:
    negative = {name: -value if isinstance(value, float) else value for name, value in row.items()}
    one, other = post_rows([row, negative]).json()["predictions"]
    assert one == other


def test_postprocess_adds_its_field(client: Any, service: Any, post_rows: Any, rows: Any) -> None:
    answers = post_rows(rows).json()["predictions"]
    for answer in answers:
        assert answer["check"] is (max(answer["probabilities"].values()) < 0.8)
    assert {answer["check"] for answer in answers} == {True, False}
    *lines, last = client.post("/lines", content="\n".join(map(json.dumps, rows))).text.splitlines()
    assert [json.loads(line) for line in lines] == answers
    assert json.loads(last)["inference_id"]
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, len(rows[0])]}
    body = {"inputs": [tensor | {"data": list(rows[0].values())}]}
    outputs = client.post(f"/v2/models/{service.artifact.manifest.name}/infer", json=body).json()
    assert outputs["outputs"][0]["data"] == [answers[0]["label"]]


def test_the_features_are_part_of_the_graph(artifact: Any) -> None:
    graph = onnx.load(artifact.model).graph
    (classifier,) = (node for node in graph.node if node.op_type == "LinearClassifier")
    (weights,) = (each.floats for each in classifier.attribute if each.name == "coefficients")
    assert len(weights) == len(artifact.manifest.labels) * 2


def test_the_codec_names_its_type_and_invalid_rows(client: Any, row: Any) -> None:
    response = client.post("/lines", content=json.dumps(row))
    assert response.headers["content-type"] == "application/jsonlines"
    wrong = client.post("/lines", content=json.dumps(row) + "\n\n{}\n")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"].startswith("/instances/1/")


def test_the_metric_counts_rows(client: Any, post_rows: Any, rows: Any) -> None:
    post_rows(rows)
    lines = client.get("/metrics").text.splitlines()
    (line,) = (line for line in lines if line.startswith("rows_by_consumer_total{"))
    assert float(line.rpartition(" ")[2]) == len(rows)
    assert 'consumer="anonymous"' in line


def test_the_metric_of_the_gate_is_in_the_manifest(artifact: Any) -> None:
    assert 0.5 < artifact.manifest.metrics["near_share"] <= 1
    assert "near_share" in (artifact.folder / "MODEL_CARD.md").read_text(encoding="utf-8")

"""A model with a threshold gives the same label in every format, and counts what it gave."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.monitoring.answers import make_answer_reader
from modelserve.training.config import Config
from modelserve.training.sections import Gate, SplitSection, TargetSection
from modelserve.training.train import train
from starlette.testclient import TestClient

THRESHOLD = 0.9
MakeClient = Callable[..., TestClient]
Row = dict[str, Any]


@pytest.fixture
def strict(
    project: Project, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Artifact:
    """Return a model of two species, which says virginica only where it is sure."""
    whole = project.load(config.data)
    kept = whole.take(np.flatnonzero(whole.target != "setosa"))
    monkeypatch.setattr(project, "load", lambda _: kept)
    changes = {
        "gate": Gate(),
        "split": SplitSection(test_size=0.5),
        "target": TargetSection(positive="virginica", threshold=THRESHOLD),
        "reference": config.reference.model_copy(update={"golden_cases": 50}),
    }
    return train(project, config.model_copy(update=changes), tmp_path / "strict").artifact


@pytest.fixture
def cases(strict: Artifact) -> tuple[list[Row], list[str]]:
    """Return rows, and the label of each; some would have another without the threshold."""
    golden = strict.read_json(artifact.GOLDEN)
    shares = np.array([case["output"] for case in golden])
    labels = np.where(shares[:, 1] >= THRESHOLD, "virginica", "versicolor")
    assert (labels != np.array(strict.manifest.labels)[shares.argmax(axis=1)]).sum() > 3
    return [case["input"] for case in golden], labels.tolist()


def test_every_format_gives_the_label_by_the_threshold(
    make_client: MakeClient, strict: Artifact, cases: tuple[list[Row], list[str]]
) -> None:
    rows, labels = cases
    client = make_client(model_dir=strict.folder, platform="sagemaker")

    plain = client.post("/predict", json={"instances": rows}).json()["predictions"]
    assert [each["label"] for each in plain] == labels
    one = client.post("/predict", json={"instances": rows[:1]}).json()["predictions"]
    assert [each["label"] for each in one] == labels[:1]

    tensors = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "FP32",
            "data": [row[name] for row in rows],
        }
        for name in rows[0]
    ]
    url = f"/v2/models/{strict.manifest.name}/infer"
    outputs = client.post(url, json={"inputs": tensors}).json()["outputs"]
    assert next(each["data"] for each in outputs if each["name"] == "label") == labels

    for accepted in ("text/csv", "application/jsonlines"):
        body = "".join(f"{json.dumps(row)}\n" for row in rows)
        headers = {"content-type": "application/jsonlines", "accept": accepted}
        text = client.post("/invocations", content=body, headers=headers).text
        if accepted == "text/csv":
            assert [line[0] for line in csv.reader(io.StringIO(text))] == labels
        else:
            assert [json.loads(line)["label"] for line in text.splitlines()] == labels

    manifest = client.get("/model").json()
    assert (manifest["positive"], manifest["threshold"]) == ("virginica", THRESHOLD)


def test_what_was_given_is_what_is_counted(
    make_client: MakeClient,
    strict: Artifact,
    cases: tuple[list[Row], list[str]],
    figures: Callable[[str], Any],
) -> None:
    rows, labels = cases
    client = make_client(model_dir=strict.folder)
    name = client.post("/predict", json={"instances": rows}).json()["inference_id"]
    outcomes = [{"inference_id": name, "row": i, "label": label} for i, label in enumerate(labels)]
    assert client.post("/feedback", json={"outcomes": outcomes}).status_code == 200

    read = figures(client.get("/metrics").text)

    for label in strict.manifest.labels:
        assert read("model_outcomes_total", predicted=label, actual=label) == [labels.count(label)]
        seen = read("model_observations_total", field="label", bin=label)
        assert seen == [labels.count(label)]


def test_a_batch_gives_the_label_by_the_threshold(
    project: Project,
    make_settings: Callable[..., Any],
    strict: Artifact,
    cases: tuple[list[Row], list[str]],
    tmp_path: Path,
) -> None:
    rows, labels = cases
    source, output = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    service = project.service_class(make_settings(model_dir=strict.folder))
    BatchPredictor(service).run(source, output)
    lines = output.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["label"] for line in lines] == labels


def test_monitoring_reads_the_label_and_its_probability(strict: Artifact) -> None:
    reader = make_answer_reader(strict.manifest)
    shares = [{"versicolor": 0.3, "virginica": 0.7}, {"versicolor": 0.05, "virginica": 0.95}]
    captured = [
        {"label": "versicolor", "probabilities": shares[0]},
        {"label": "virginica", "probabilities": shares[1]},
    ]
    for predictions in (captured, [{"probabilities": each} for each in shares]):
        observed = reader.observe(reader.gather(predictions))
        assert observed["label"].tolist() == ["versicolor", "virginica"]
        assert observed["confidence"].tolist() == pytest.approx([0.3, 0.95])


def test_the_label_by_the_threshold_is_explained(
    make_client: MakeClient, strict: Artifact, cases: tuple[list[Row], list[str]]
) -> None:
    rows, _ = cases
    client = make_client(model_dir=strict.folder)
    body = {"instances": rows, "explain": True}
    for each in client.post("/predict", json=body).json()["predictions"]:
        explanation = each["explanation"]
        total = explanation["base"] + sum(explanation["contributions"].values())
        assert explanation["of"] == each["label"]
        assert total == pytest.approx(each["probabilities"][each["label"]], abs=1e-5)

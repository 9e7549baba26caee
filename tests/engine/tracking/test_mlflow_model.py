"""MLflow reads the signature of an artifact, and a figure of its metrics."""

import json
from xml.etree import ElementTree

import pytest
from modelserve.artifact import Artifact
from modelserve.tracking.metric_figure import draw_metrics
from modelserve.tracking.mlflow_model import describe_model

from tests.engine.tracking.conftest import MakeRecord

FAMILIES = ("iris", "diabetes", "sentiment")


def test_mlflow_reads_the_signature(trained: Artifact) -> None:
    models = pytest.importorskip("mlflow.models")
    manifest = trained.manifest
    model = models.Model.from_dict(json.loads(describe_model(manifest, run_id="a")))
    inputs = {each.name: each for each in model.signature.inputs}
    assert [*inputs] == [each.name for each in manifest.features]
    assert [each.required for each in inputs.values()] == [
        not each.nullable for each in manifest.features
    ]
    outputs = model.signature.outputs.input_names()
    labels = [f"probabilities.{each}" for each in manifest.labels]
    assert outputs == (["label", *labels] if labels else ["value"])
    assert model.flavors["onnx"]["data"] == "model.onnx"


def test_a_figure_is_valid_whatever_the_names_are(make_record: MakeRecord) -> None:
    record = make_record(
        name="<script>",
        metrics={"a<b>&\"'": 0.5, "rmse": 1e9, "r2": -0.5, "x" * 500: 1.0},
        intervals={"a<b>&\"'": (0.4, 0.6), "rmse": (1e8, 1e10)},
    )
    figure = ElementTree.fromstring(draw_metrics(record))
    texts = [each.text for each in figure.iter("{http://www.w3.org/2000/svg}text")]
    assert "0.5 (0.4 to 0.6)" in texts
    assert "1e+09 (1e+08 to 1e+10)" in texts
    assert len(list(figure.iter("{http://www.w3.org/2000/svg}path"))) == 2


def test_a_run_without_metrics_has_a_figure(make_record: MakeRecord) -> None:
    ElementTree.fromstring(draw_metrics(make_record(metrics={}, intervals={})))

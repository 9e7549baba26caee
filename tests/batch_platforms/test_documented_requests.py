"""The requests in the documentation of batch prediction are what the platforms' clients take."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from tests.cloud_run.conftest import gcloud
from tests.engine.families import LIBRARY

__all__ = ["gcloud"]  # a fixture

BLOCK = re.compile(r"^```json\n(\{\n.*?)^```", re.MULTILINE | re.DOTALL)
# Reads a request as a message of Google's own client, and prints the fields that it does not know.
UNKNOWN = """
import json, sys
sys.path[:0] = [f"{sys.argv[1]}/lib", f"{sys.argv[1]}/lib/third_party"]
from apitools.base.py import encoding
from googlecloudsdk.generated_clients.apis.aiplatform.v1 import aiplatform_v1_messages as messages

kind = messages.GoogleCloudAiplatformV1BatchPredictionJob
message = encoding.JsonToMessage(kind, sys.stdin.read())
print(json.dumps([list(map(str, each)) for each in encoding.UnrecognizedFieldIter(message)]))
"""


def documented(name: str) -> dict[str, Any]:
    """Return the request that has a field of this name."""
    text = (LIBRARY / "docs" / "batch.md").read_text(encoding="utf-8")
    (found,) = [each for each in map(json.loads, BLOCK.findall(text)) if name in each]
    return dict(found)


def test_amazons_client_takes_the_transform_job() -> None:
    request = documented("TransformJobName")
    shapes = boto3.client("sagemaker", region_name="eu-west-1").meta.service_model
    shape = shapes.operation_model("CreateTransformJob").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    wrong = request | {"SplitType": "Line"}
    assert ParamValidator().validate(wrong, shape).has_errors()
    for part, word in (("TransformInput", "SplitType"), ("TransformOutput", "AssembleWith")):
        assert request[part][word] in shape.members[part].members[word].enum


def test_the_transform_job_allows_for_its_own_payloads() -> None:
    request = documented("TransformJobName")
    allowed = int(request["Environment"]["MAX_BODY_BYTES"])
    assert allowed > request["MaxPayloadInMB"] * 2**20


def unknown_fields(gcloud: str, request: dict[str, Any]) -> list[Any]:
    """Return the fields of a request that Google's client does not know."""
    root = Path(gcloud).resolve().parents[1]
    done = subprocess.run(
        ["python3", "-c", UNKNOWN, str(root)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    fields: list[Any] = json.loads(done.stdout)
    return fields


def test_googles_client_knows_every_field_of_the_batch_prediction_job(gcloud: str) -> None:
    request = documented("inputConfig")
    if not (Path(gcloud).resolve().parents[1] / "lib" / "googlecloudsdk").is_dir():
        pytest.skip("this gcloud is installed elsewhere")
    assert unknown_fields(gcloud, request) == []
    wrong = request | {"dedicatedResources": {"machines": 3}}
    assert "machines" in json.dumps(unknown_fields(gcloud, wrong))

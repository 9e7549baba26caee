"""The queue on AWS Batch: a sound template, whose tasks are shards that are tried again."""

import json
import subprocess
from collections.abc import Callable

import boto3
import pytest
from botocore.validate import ParamValidator

from tests.bakery import BakedProject, tool_environment
from tests.sagemaker.formation import Template

LONG = "a-name-that-is-as-long-as-a-slug-may-be-and-no-mo"
NAME = "batch-job.yaml"


@pytest.fixture(scope="module")
def template(shared_bake: Callable[[str], BakedProject]) -> Template:
    """Return the template of the queue."""
    return Template(shared_bake("xgboost-classifier--sagemaker"), NAME)


@pytest.mark.parametrize("slug", [LONG, "a"])
def test_the_template_is_sound(bake: Callable[..., BakedProject], slug: str) -> None:
    project = bake(deploy_target="sagemaker", project_slug=slug)
    done = subprocess.run(
        ["cfn-lint", f"deploy/{NAME}"],
        cwd=project.path,
        env=tool_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_job_of_the_documentation_fits_the_definition(
    template: Template, shared_bake: Callable[[str], BakedProject]
) -> None:
    (definition,) = template.resources("AWS::Batch::JobDefinition").values()
    (queue,) = template.resources("AWS::Batch::JobQueue").values()
    command = definition["ContainerProperties"]["Command"]
    assert command[0] == "batch"
    asked = {word.removeprefix("Ref::") for word in command if word.startswith("Ref::")}
    assert asked == set(definition["Parameters"])
    assert all(
        value.endswith("/") for value in (definition["Parameters"][x] for x in ("source", "output"))
    )

    documented = shared_bake("xgboost-classifier--sagemaker").read("docs/deploy.md")
    assert "--array-properties size=4 --parameters shards=4" in documented
    request = {
        "jobName": "rows",
        "jobQueue": queue["JobQueueName"],
        "jobDefinition": definition["JobDefinitionName"],
        "arrayProperties": {"size": 4},
        "parameters": {"shards": "4"},
    }
    shapes = boto3.client("batch", region_name="eu-west-1").meta.service_model
    shape = shapes.operation_model("SubmitJob").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()


def test_rejected_rows_are_not_tried_again_and_interruptions_are(template: Template) -> None:
    (definition,) = template.resources("AWS::Batch::JobDefinition").values()
    first, second = definition["RetryStrategy"]["EvaluateOnExit"]
    assert first == {"OnExitCode": "2", "Action": "EXIT"}
    assert second == {"OnReason": "*", "Action": "RETRY"}


def test_a_task_may_touch_its_bucket_only(template: Template) -> None:
    policies = template.resources("AWS::IAM::Role")["JobRole"]["Policies"]
    statements = policies[0]["PolicyDocument"]["Statement"]
    assert all(":s3:::Bucket" in json.dumps(each["Resource"]) for each in statements)

"""The deploy target, against the services as moto plays them.

CloudFormation there is done at once, and replaces an endpoint where SageMaker would move its
traffic; what takes its time or goes wrong is played in test_rollback.py.
"""

import base64
import hashlib
import io
import json
import urllib.error
import zipfile
from types import SimpleNamespace
from urllib.request import Request, urlopen

import boto3
import pytest

from tests.bakery import BakedProject
from tests.sagemaker.account import DOCKER, OCI, Account
from tests.sagemaker.formation import Template

CANARY = "iris-classifier-canary"
GPU = {
    "SAGEMAKER_INSTANCE_TYPE": "ml.g4dn.xlarge",
    "SAGEMAKER_INFERENCE_AMI": "al2-ami-sagemaker-inference-gpu-3-1",
}


@pytest.fixture
def first(modules: SimpleNamespace, account: Account) -> str:
    """Deploy a first image and return it."""
    image = account.push("a")
    modules.target.stage(image)
    modules.target.shift(image, 10)
    modules.target.finish(image)
    return image


def endpoints() -> list[str]:
    """Return the names of all endpoints."""
    listed = boto3.client("sagemaker").list_endpoints()["Endpoints"]
    return sorted(each["EndpointName"] for each in listed)


def configuration(name: str) -> dict:
    """Return the configuration of an endpoint."""
    sagemaker = boto3.client("sagemaker")
    used = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    return sagemaker.describe_endpoint_config(EndpointConfigName=used)


def test_a_canary_is_an_endpoint_of_its_own(modules: SimpleNamespace, account: Account) -> None:
    """One instance, whose questions are neither captured nor counted."""
    image = account.push("a")
    assert modules.target.stage(image) == (image, "")
    assert endpoints() == [CANARY]
    assert modules.endpoint.image(CANARY) == image
    made = configuration(CANARY)
    assert made["ProductionVariants"][0]["InitialInstanceCount"] == 1
    assert not made.get("DataCaptureConfig")


def test_a_canary_on_a_gpu_has_the_driver_that_is_named(
    modules: SimpleNamespace, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name, it is the instance type's own."""
    image = account.push("a")
    asked = []
    made = modules.canary_endpoint.client("sagemaker").create_endpoint_config
    monkeypatch.setattr(
        modules.canary_endpoint,
        "client",
        lambda _: SimpleNamespace(
            **{
                name: getattr(boto3.client("sagemaker"), name)
                for name in ("create_model", "create_endpoint", "describe_endpoint")
            },
            create_endpoint_config=lambda **told: asked.append(told) or made(**told),
        ),
    )
    modules.canary_endpoint.create(image)
    monkeypatch.setenv("VARIABLES", json.dumps(GPU))
    modules.canary_endpoint.create(image)
    (plain,), (on_gpu,) = (each["ProductionVariants"] for each in asked)
    assert "InferenceAmiVersion" not in plain
    assert on_gpu["InstanceType"] == GPU["SAGEMAKER_INSTANCE_TYPE"]
    assert on_gpu["InferenceAmiVersion"] == GPU["SAGEMAKER_INFERENCE_AMI"]


def test_a_canary_that_was_left_is_replaced(modules: SimpleNamespace, account: Account) -> None:
    """A run that was broken off takes nothing away."""
    modules.target.stage(account.push("a"))
    later = account.push("b")
    modules.target.stage(later)
    assert modules.endpoint.image(CANARY) == later


def test_an_image_of_ocis_kind_is_refused(
    modules: SimpleNamespace, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """SageMaker would refuse it, and say less."""
    with pytest.raises(SystemExit):
        modules.target.stage(account.push("a", OCI))
    assert f"is a {OCI}, and SageMaker accepts only {DOCKER}" in capsys.readouterr().out
    assert endpoints() == []


def test_without_the_bootstrap_stack_it_says_what_to_do(
    modules: SimpleNamespace, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account that nobody has set up."""
    assert cloud
    with pytest.raises(SystemExit):
        modules.aws.bootstrap_outputs()
    assert "docs/deploy.md says how to make it" in capsys.readouterr().out


def test_the_first_revision_makes_all_that_watches_it(
    modules: SimpleNamespace, account: Account, first: str, project: BakedProject
) -> None:
    """Looked at one by one: moto calls a stack complete whatever it has made of it."""
    assert modules.endpoint.image() == first
    assert endpoints() == ["iris-classifier"]
    made = configuration("iris-classifier")
    assert made["ProductionVariants"][0]["InitialInstanceCount"] == 2
    capture = made["DataCaptureConfig"]
    assert capture["EnableCapture"]
    assert capture["DestinationS3Uri"] == f"s3://{account.given['Bucket']}/captures"
    assert capture["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert capture["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json", "application/jsonlines"],
    }
    model = boto3.client("sagemaker").list_models()["Models"][0]["ModelName"]
    said = boto3.client("sagemaker").describe_model(ModelName=model)
    assert said["PrimaryContainer"]["Image"] == first
    assert said["PrimaryContainer"]["Environment"]["LOG_PROFILE"] == "aws"
    assert said["ExecutionRoleArn"] == account.given["EndpointRole"]

    body = boto3.client("cloudwatch").get_dashboard(DashboardName="iris-classifier")
    kinds = [each["type"] for each in json.loads(body["DashboardBody"])["widgets"]]
    assert kinds == ["alarm", "metric", "metric", "metric"]
    assert project.slug == account.slug


def test_the_function_is_the_file_that_is_tested(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """Byte for byte, where Lambda takes it from."""
    assert first
    function = boto3.client("lambda").get_function(FunctionName="iris-classifier-alarms")
    said = function["Configuration"]
    store = boto3.client("s3")
    (only,) = store.list_objects_v2(Bucket=account.given["Bucket"], Prefix="code/")["Contents"]
    code = store.get_object(Bucket=account.given["Bucket"], Key=only["Key"])["Body"].read()
    assert said["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        assert archive.namelist() == ["alarm_function.py"]
        assert archive.read("alarm_function.py").decode() == (
            modules.service_stack.FUNCTION.read_text(encoding="utf-8")
        )
    assert said["Handler"] == "alarm_function.handle"
    assert said["Role"] == account.given["FunctionRole"]
    assert said["Environment"]["Variables"]["BUCKET"] == account.given["Bucket"]


def test_the_topic_reaches_who_subscribes(account: Account) -> None:
    """As the function does."""
    queue = boto3.client("sqs").create_queue(QueueName="people")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:people"
    topics = boto3.client("sns")
    topics.subscribe(TopicArn=account.given["Topic"], Protocol="sqs", Endpoint=arn)
    topics.publish(TopicArn=account.given["Topic"], Message="drift")
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == "drift"


def test_a_second_revision_takes_over_and_the_canary_goes(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """The previous one is known, and nothing of it is left."""
    second = account.push("b")
    assert modules.target.stage(second) == (second, first)
    modules.target.shift(second, 10)
    assert modules.target.problems(second) == []
    modules.target.finish(second)
    assert modules.endpoint.image() == second
    assert endpoints() == ["iris-classifier"]
    assert len(boto3.client("sagemaker").list_models()["Models"]) == 1


def test_a_rollback_is_immediate_and_may_run_twice(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """With nothing of the canary left."""
    second = account.push("b")
    modules.target.stage(second)
    modules.target.shift(second, 10)
    for _ in range(2):
        modules.target.rollback(first, second)
        assert modules.endpoint.image() == first
        assert endpoints() == ["iris-classifier"]
    assert modules.service_stack.current_parameters()["Traffic"] == "ALL_AT_ONCE"


def test_a_canary_that_failed_leaves_production_alone(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """Nothing was shifted yet."""
    before = configuration("iris-classifier")["EndpointConfigArn"]
    second = account.push("b")
    modules.target.stage(second)
    modules.target.rollback(first, second)
    assert configuration("iris-classifier")["EndpointConfigArn"] == before
    assert endpoints() == ["iris-classifier"]


def test_a_staging_that_broke_off_takes_nothing_down(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """It outputs neither a revision nor a previous one."""
    assert account
    modules.target.rollback("", "")
    assert modules.endpoint.image() == first


def test_a_first_revision_that_fails_leaves_nothing(
    modules: SimpleNamespace, account: Account
) -> None:
    """There is nothing to go back to."""
    image = account.push("a")
    modules.target.stage(image)
    modules.target.shift(image, 10)
    modules.target.rollback("", image)
    assert endpoints() == []
    assert modules.aws.stack("iris-classifier") is None


def test_settings_and_thresholds_reach_the_stack(
    modules: SimpleNamespace, account: Account, monkeypatch: pytest.MonkeyPatch, project
) -> None:
    """The repository's variables, and config/monitoring.toml."""
    given = {"SAGEMAKER_INSTANCE_TYPE": "ml.c7i.large", "AWS_REGION": "eu-west-1"}
    given["SAGEMAKER_INFERENCE_AMI"] = GPU["SAGEMAKER_INFERENCE_AMI"]
    monkeypatch.setenv("VARIABLES", json.dumps(given))
    told = modules.service_stack.parameters(account.push("a"), traffic="CANARY", percent=10)
    assert told["InstanceType"] == "ml.c7i.large"
    assert told["InferenceAmi"] == GPU["SAGEMAKER_INFERENCE_AMI"]
    assert (told["DriftPsi"], told["LatencySeconds"], told["DriftRows"]) == ("0.2", "0.1", "50")
    template = Template(project, "service.yaml")
    assert set(told) <= set(template.parameters)
    assert {name for name, each in template.parameters.items() if "Default" not in each} <= set(
        told
    )
    assert set(modules.service_stack.VARIABLES.values()) <= set(template.parameters)
    for name in modules.service_stack.THRESHOLDS:
        assert float(template.parameters[name]["Default"]) == float(told[name])


def test_what_is_replaced_has_another_name_and_only_that(
    modules: SimpleNamespace, account: Account
) -> None:
    """CloudFormation replaces nothing under the same name."""
    a, b = account.push("a"), account.push("b")
    tell = modules.service_stack.parameters
    suffix = tell(a, traffic="CANARY", percent=10)["Suffix"]
    assert tell(a, traffic="ALL_AT_ONCE", percent=20)["Suffix"] == suffix
    assert tell(b, traffic="CANARY", percent=10)["Suffix"] != suffix


def test_an_alarm_of_the_new_revision_is_a_problem(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """One of another kind is none: it may have been on before."""
    assert account
    metrics = boto3.client("cloudwatch")
    for name in ("new-errors", "latency"):
        metrics.put_metric_alarm(
            AlarmName=f"iris-classifier-{name}",
            MetricName="Invocation5XXErrors",
            Namespace="AWS/SageMaker",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0.01,
            ComparisonOperator="GreaterThanThreshold",
        )
        metrics.set_alarm_state(
            AlarmName=f"iris-classifier-{name}", StateValue="ALARM", StateReason="too many"
        )
    assert modules.target.problems(first) == ["iris-classifier-new-errors: too many"]


def test_the_canary_answers_at_an_address(
    modules: SimpleNamespace, account: Account, first: str
) -> None:
    """A body and its type go to SageMaker, and its answer comes back."""
    assert first
    queued = {
        "results": [{"Body": '{"predictions": []}', "ContentType": "application/json"}],
        "region": "eu-west-1",
    }
    body = json.dumps(queued).encode()
    with urlopen(Request(f"{account.url}/moto-api/static/sagemaker/endpoint-results", body)) as _:
        pass
    image = account.push("b")
    modules.target.stage(image)
    with modules.target.reach(image) as address:
        assert address.token == ""
        assert address.url.startswith("http://127.0.0.1:")
        request = Request(address.url, b"{}", {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            assert json.load(answer) == {"predictions": []}
            assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(urllib.error.URLError), urlopen(request, timeout=2):
        pass


def test_another_revision_is_not_asked_in_its_place(
    modules: SimpleNamespace, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A smoke test of the wrong image would prove nothing."""
    modules.target.stage(account.push("a"))
    with pytest.raises(SystemExit), modules.target.reach(account.push("b")):
        pass
    assert "does not serve" in capsys.readouterr().out


def test_a_canary_that_does_not_start_is_not_left_behind(
    modules: SimpleNamespace,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It would cost money until somebody sees it."""
    states = iter(["", "", "Creating", "Failed", "Failed", "Failed", ""])
    monkeypatch.setattr(modules.canary_endpoint, "status", lambda: next(states))
    with pytest.raises(SystemExit):
        modules.target.stage(account.push("a"))
    assert f"The endpoint {CANARY} does not start" in capsys.readouterr().out
    assert endpoints() == []
    assert boto3.client("sagemaker").list_models()["Models"] == []

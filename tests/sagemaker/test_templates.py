"""The two templates of CloudFormation: sound, within Amazon's limits, and of one mind."""

import json
import re
import subprocess

import boto3
import pytest
from botocore.validate import ParamValidator

from tests.bakery import BakedProject, tool_environment
from tests.sagemaker.formation import Template

LONG = "a-name-that-is-as-long-as-a-slug-may-be-and-no-mo"
SIXTY_THREE = 63  # SageMaker's limit; a function's and a role's is 64


def alarms(template: Template) -> dict[str, dict]:
    """Return the alarms by their short names."""
    made = template.resources("AWS::CloudWatch::Alarm")
    return {each["AlarmName"].removeprefix("iris-classifier-"): each for each in made.values()}


@pytest.fixture
def service(project: BakedProject) -> Template:
    """Return the template of the endpoint."""
    return Template(project, "service.yaml")


@pytest.mark.parametrize("slug", [LONG, "a"])
def test_both_templates_are_sound(bake, slug: str) -> None:
    """However long or short a name is."""
    project = bake(deploy_target="sagemaker", project_slug=slug)
    done = subprocess.run(
        ["cfn-lint", "deploy/bootstrap.yaml", "deploy/service.yaml"],
        cwd=project.path,
        env=tool_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_no_name_is_too_long(bake) -> None:
    """A slug may have 49 characters."""
    project = bake(deploy_target="sagemaker", project_slug=LONG)
    template = Template(project, "service.yaml", Suffix="0" * 12)
    names = [
        value
        for each in template.resources().values()
        for key, value in each.items()
        if re.fullmatch("ModelName|EndpointName|EndpointConfigName|FunctionName", key)
    ]
    assert len(names) >= 4
    assert max(map(len, [*names, f"{LONG}-canary"])) <= SIXTY_THREE


def test_what_a_role_may_touch_is_what_the_service_is_called(project: BakedProject) -> None:
    """A name in one template, a pattern in the other."""
    bootstrap = Template(project, "bootstrap.yaml")
    allowed = json.dumps(bootstrap.resources("AWS::IAM::Role")["DeployRole"])
    service = Template(project, "service.yaml", Suffix="0" * 12)
    made = service.resources()
    for arn in (
        f"endpoint/{made['Endpoint']['EndpointName']}",
        f"function:{made['Function']['FunctionName']}",
        f"dashboard/{made['Dashboard']['DashboardName']}",
    ):
        assert f'{arn}"' in allowed
    for kind, name in (
        ("model", made["Model"]["ModelName"]),
        ("endpoint-config", made["Configuration"]["EndpointConfigName"]),
    ):
        pattern = re.search(rf'{kind}/([\w?-]+\?)"', allowed)
        assert re.fullmatch(pattern[1].replace("?", "."), name)
    for alarm in alarms(service).values():
        assert alarm["AlarmName"].startswith("iris-classifier-")
    groups = {each["LogGroupName"] for each in bootstrap.resources("AWS::Logs::LogGroup").values()}
    assert groups == {
        f"/aws/lambda/{made['Function']['FunctionName']}",
        f"/aws/sagemaker/Endpoints/{made['Endpoint']['EndpointName']}",
    }


def test_only_main_and_production_may_deploy(project: BakedProject) -> None:
    """Nobody else's token is taken, and none of a branch."""
    roles = Template(project, "bootstrap.yaml").resources("AWS::IAM::Role")
    (trust,) = roles["DeployRole"]["AssumeRolePolicyDocument"]["Statement"]
    issuer, own = "token.actions.githubusercontent.com", "repo:your-github-name/iris-classifier"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:ref": "refs/heads/main",
            f"{issuer}:sub": [f"{own}:ref:refs/heads/main", f"{own}:environment:production"],
        }
    }


@pytest.mark.parametrize(
    ("repository", "fits"),
    [
        pytest.param("octo-org/iris", True, id="names"),
        pytest.param("octo-org@12/iris@34", True, id="names-with-numbers"),
        pytest.param("octo-org/*", False, id="any"),
        pytest.param("octo-org", False, id="owner"),
    ],
)
def test_a_repository_is_named_exactly(project: BakedProject, repository: str, fits: bool) -> None:
    """GitHub puts numbers into the subject of repositories that are new."""
    pattern = Template(project, "bootstrap.yaml").parameters["Repository"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, repository)) is fits


def test_roles_that_look_cannot_change_anything(project: BakedProject) -> None:
    """And no role may do anything to everything."""
    roles = Template(project, "bootstrap.yaml").resources("AWS::IAM::Role")
    for name, role in roles.items():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                given = statement["Action"]
                actions = [given] if isinstance(given, str) else given
                assert not any("*" in action for action in actions)
                verbs = {action.partition(":")[2] for action in actions}
                if name == "MonitorRole":
                    assert all(
                        re.match("Get|List|Describe|Batch(Get|Check)", verb) for verb in verbs
                    )


def test_each_alarm_is_one_that_amazon_knows(service: Template) -> None:
    """By the client's own description of the service; a PromQL query is one of its kinds."""
    shape = boto3.client("cloudwatch", region_name="eu-west-1").meta.service_model
    wanted = shape.operation_model("PutMetricAlarm").input_shape
    made = alarms(service)
    assert set(made) == {"new-errors", "new-latency", "errors", "latency", "degraded", "drift"}
    for name, alarm in made.items():
        problems = ParamValidator().validate(alarm, wanted)
        assert not problems.has_errors(), f"{name}: {problems.generate_report()}"
        assert alarm["AlarmActions"] == ["Topic"]


def test_sagemaker_goes_back_by_alarms_that_see_the_new_instances_alone(service: Template) -> None:
    """Among all of them, a tenth's failures would be lost."""
    endpoint = service.resources()["Endpoint"]["DeploymentConfig"]
    named = endpoint["AutoRollbackConfiguration"]["Alarms"]
    made = service.resources("AWS::CloudWatch::Alarm")
    assert [each["AlarmName"] for each in named] == ["NewErrors", "NewLatency"]
    for name in ("NewErrors", "NewLatency"):
        assert '"EndpointConfigName"' in json.dumps(made[name])
    routing = endpoint["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["Type"] == "CANARY"
    assert routing["CanarySize"] == {"Type": "CAPACITY_PERCENT", "Value": 10}


def test_no_alarm_stops_the_way_back(project: BakedProject) -> None:
    """It is taken while they are on."""
    template = Template(project, "service.yaml", Traffic="ALL_AT_ONCE")
    endpoint = template.resources()["Endpoint"]["DeploymentConfig"]
    assert "AutoRollbackConfiguration" not in endpoint
    routing = endpoint["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE"}


def test_without_instances_nothing_is_asked_that_they_alone_can_do(project: BakedProject) -> None:
    """No capture, no canary, no scaling by instances, no scraped series."""
    template = Template(project, "service.yaml", Serverless="true")
    made = template.resources()
    assert not {"ScalableTarget", "Scaling", "Degraded", "Drift"} & set(made)
    assert "DeploymentConfig" not in made["Endpoint"]
    assert not {"DataCaptureConfig", "MetricsConfig"} & set(made["Configuration"])
    (variant,) = made["Configuration"]["ProductionVariants"]
    assert "ServerlessConfig" in variant
    assert "InstanceType" not in variant


def test_instances_have_their_own_driver_or_the_one_that_is_named(project: BakedProject) -> None:
    """The documented one is known to Amazon, and fits CUDA 12."""
    page = project.read("vendor/modelserve/docs/gpu.md")
    named = dict(re.findall(r"^\$ gh variable set SAGEMAKER_(\w+) --body (\S+)$", page, re.M))
    shapes = boto3.client("sagemaker", region_name="eu-west-1").meta.service_model
    assert named["INFERENCE_AMI"] in shapes.shape_for("ProductionVariantInferenceAmiVersion").enum
    assert named["INSTANCE_TYPE"] in shapes.shape_for("ProductionVariantInstanceType").enum
    for ami, wanted in (("", None), (named["INFERENCE_AMI"],) * 2):
        made = Template(project, "service.yaml", InferenceAmi=ami).resources()
        (variant,) = made["Configuration"]["ProductionVariants"]
        assert variant.get("InferenceAmiVersion") == wanted


def test_the_function_hears_of_the_alarm_that_starts_training(service: Template) -> None:
    """By the name that the alarm has, in a repository that has the workflow."""
    made = service.resources()
    variables = made["Function"]["Environment"]["Variables"]
    assert variables["RETRAIN_ALARMS"] == made["Drift"]["AlarmName"]
    assert made["Subscription"]["Endpoint"] == "Function.Arn"
    assert made["Permission"]["SourceArn"] == made["Subscription"]["TopicArn"] == "Topic"


def test_what_alarms_name_is_there(project: BakedProject, service: Template) -> None:
    """A runbook, and the workflow."""
    made = service.resources("AWS::CloudWatch::Alarm").values()
    named = {
        path for each in made for path in re.findall(r"\S+/docs/\S+", each["AlarmDescription"])
    }
    assert len(named) == 4
    workflow = service.resources()["Function"]["Environment"]["Variables"]["WORKFLOW"]
    assert named | {f".github/workflows/{workflow}"} <= set(project.files())


def test_a_retained_bucket_is_closed_to_the_world(project: BakedProject) -> None:
    """Encrypted, versioned, not public, by TLS alone, and kept when the stack goes."""
    template = Template(project, "bootstrap.yaml")
    records = template.resources("AWS::S3::Bucket")["Records"]
    assert template.content["Resources"]["Records"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert all(records["PublicAccessBlockConfiguration"].values())
    assert records["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "SSEAlgorithm" in json.dumps(records["BucketEncryption"])
    (statement,) = template.resources()["RecordsPolicy"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_set_up_that_fails_leaves_nothing_in_the_way_of_the_next(project: BakedProject) -> None:
    """A registry that a failed creation retains would have the name that the next one needs."""
    made = Template(project, "bootstrap.yaml").content["Resources"]
    policies = {name: each.get("DeletionPolicy") for name, each in made.items()}
    kept = {name for name, policy in policies.items() if policy == "RetainExceptOnCreate"}
    assert kept == {"Images", "Records", "EndpointLog", "Provider"}
    assert "Retain" not in policies.values()
    assert all(made[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_no_budget_is_made_before_everything_else_is_there(project: BakedProject) -> None:
    """Who may make roles may often make no budget, and a stack is made as a whole or not at all."""
    kind = "AWS::Budgets::Budget"
    assert not Template(project, "bootstrap.yaml").resources(kind)
    assert Template(project, "bootstrap.yaml", MonthlyBudget=200).resources(kind)
    page = project.read("docs/deploy.md")
    first, *calls = page.split("aws cloudformation deploy ")
    assert page.count("MonthlyBudget=200") == 1
    assert (
        "MonthlyBudget=200"
        in [each for each in calls if "--template-file deploy/bootstrap.yaml" in each][-1]
    )
    assert "gh variable set AWS_ROLE_ARN" in page.removeprefix(first).partition("MonthlyBudget")[0]

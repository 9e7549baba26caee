"""What takes its time or goes wrong, which moto does not play: a stack that passes through states.

CloudFormation and SageMaker are replaced by a record of calls here; the calls themselves are
checked by the client's own description of each service.
"""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

OLD, NEW = f"registry/iris@sha256:{'a' * 64}", f"registry/iris@sha256:{'b' * 64}"
GIVEN = ("Registry", "Bucket", "Topic", "EndpointRole", "FunctionRole")


def snake(name: str) -> str:
    """Return what the client calls an operation."""
    return re.sub("(?<!^)(?=[A-Z])", "_", name).lower()


def event(status: str, resource: str, reason: str) -> dict[str, str]:
    """Return CloudFormation's description of a resource."""
    return {
        "ResourceStatus": status,
        "LogicalResourceId": resource,
        "ResourceStatusReason": reason,
    }


def told_in(words: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of a call."""
    return {each["ParameterKey"]: each["ParameterValue"] for each in words["Parameters"]}


class World:  # pylint: disable=too-many-instance-attributes
    """A stack and an endpoint that change one step at each request."""

    def __init__(self) -> None:
        """Serve an old image, in a stack whose parameter names it."""
        self.states = ["UPDATE_COMPLETE"]
        self.told = OLD
        self.serves = OLD
        self.baking = 0
        self.canary = False
        self.after: dict[str, list[str]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.events: list[dict[str, str]] = []

    def client(self, service: str) -> Any:
        """Return a client that checks and writes down each call."""
        shape = boto3.client(service, region_name="eu-west-1").meta.service_model
        snakes = {snake(name): name for name in shape.operation_names}

        def call(name: str, **words: Any) -> Any:
            wanted = shape.operation_model(snakes[name]).input_shape
            problems = ParamValidator().validate(words, wanted)
            assert not problems.has_errors(), f"{name}: {problems.generate_report()}"
            self.calls.append((name, words))
            self.states[1:] = self.after.pop(name, self.states[1:])
            return getattr(self, name, lambda **_: {})(**words)

        class Client:  # pylint: disable=too-few-public-methods
            """Any operation of the service."""

            def __getattr__(self, name: str) -> Any:
                """Return it."""
                return lambda **words: call(name, **words)

        return Client()

    def names(self) -> list[str]:
        """Return the calls that change something, in their order."""
        return [name for name, _ in self.calls if not name.startswith("describe")]

    def words(self, name: str) -> dict[str, Any]:
        """Return the words of the one call of a name."""
        (found,) = [words for called, words in self.calls if called == name]
        return found

    def describe_stacks(self, **words: str) -> dict:
        """Move one state on, and return it."""
        if words["StackName"].endswith("-bootstrap"):
            outputs = [{"OutputKey": key, "OutputValue": f"bucket-{key}"} for key in GIVEN]
            return {"Stacks": [{"Outputs": outputs}]}
        if len(self.states) > 1:
            self.states.pop(0)
        parameters = [{"ParameterKey": "Image", "ParameterValue": self.told}]
        return {"Stacks": [{"StackStatus": self.states[0], "Parameters": parameters}]}

    def describe_stack_events(self, **_: str) -> dict:
        """Tell what happened."""
        return {"StackEvents": self.events}

    def describe_endpoint(self, **words: str) -> dict:
        """Tell which configuration it has, and how far a new one is."""
        if words["EndpointName"].endswith("-canary") and not self.canary:
            said = {"Error": {"Code": "ValidationException", "Message": "Could not find endpoint"}}
            raise ClientError(said, "DescribeEndpoint")
        self.baking -= 1
        status = "Baking" if self.baking == 0 else "Creating"
        variants = [{"VariantStatus": [{"Status": status}]}]
        return {
            "EndpointConfigName": "used",
            "EndpointStatus": "InService",
            "PendingDeploymentSummary": {"ProductionVariants": variants},
        }

    def describe_endpoint_config(self, **_: str) -> dict:
        """Tell its model."""
        return {"ProductionVariants": [{"ModelName": "used"}]}

    def describe_model(self, **_: str) -> dict:
        """Tell its image."""
        return {"PrimaryContainer": {"Image": self.serves}}

    def describe_alarms(self, **_: str) -> dict:
        """Tell that none is on."""
        return {"MetricAlarms": []}

    def update_stack(self, **words: Any) -> dict:
        """Take over the image."""
        told = told_in(words)
        self.told = told["Image"]
        if told["Traffic"] == "ALL_AT_ONCE":
            self.serves = self.told
        return {}


@pytest.fixture
def world(modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return surroundings that the modules take for Amazon's."""
    made = World()
    for name in ("aws", "canary_endpoint", "endpoint", "service_stack", "target"):
        monkeypatch.setattr(getattr(modules, name), "client", made.client)
    monkeypatch.setattr(modules.service_stack, "HOUR_S", 3)  # what hangs here fails soon
    return made


def test_the_shift_waits_until_the_canary_has_its_traffic(
    world: World, modules: SimpleNamespace
) -> None:
    """Before that, there is nothing to watch."""
    world.after["update_stack"] = ["UPDATE_IN_PROGRESS"]
    world.baking = 4
    modules.target.shift(NEW, 10)
    assert world.baking == 0
    told = told_in(world.words("update_stack"))
    assert (told["Image"], told["Traffic"], told["CanaryPercent"]) == (NEW, "CANARY", "10")


def test_finishing_waits_for_sagemaker(world: World, modules: SimpleNamespace) -> None:
    """It moves the rest of the traffic itself."""
    world.states = ["UPDATE_IN_PROGRESS"] * 5 + ["UPDATE_COMPLETE"]
    world.told = world.serves = NEW
    modules.target.finish(NEW)
    assert world.states == ["UPDATE_COMPLETE"]
    assert "delete_endpoint" in world.names()


def test_a_rollback_by_sagemaker_is_a_problem_with_its_reason(
    world: World, modules: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first failure is the cause, and an earlier change's is none."""
    world.states = ["UPDATE_ROLLBACK_IN_PROGRESS"]
    world.events = [
        event("UPDATE_FAILED", "Later", "cancelled"),
        event("UPDATE_FAILED", "Endpoint", "alarms"),
        event("UPDATE_IN_PROGRESS", "iris-classifier", ""),
        event("UPDATE_FAILED", "Old", "before"),
    ]
    (said,) = modules.target.problems(NEW)
    assert said.endswith("UPDATE_ROLLBACK_IN_PROGRESS: Endpoint: alarms")
    world.states = ["UPDATE_ROLLBACK_COMPLETE"]
    with pytest.raises(SystemExit):
        modules.target.finish(NEW)
    assert "Endpoint: alarms" in capsys.readouterr().out


def test_a_rollback_cancels_the_update_in_progress(world: World, modules: SimpleNamespace) -> None:
    """And is content when CloudFormation has gone back by that."""
    world.states = ["UPDATE_IN_PROGRESS"]
    world.after["cancel_update_stack"] = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    modules.target.rollback(OLD, NEW)
    assert "cancel_update_stack" in world.names()
    assert "update_stack" not in world.names()


def test_a_release_that_has_succeeded_can_be_rolled_back(
    world: World, modules: SimpleNamespace
) -> None:
    """Somebody asks for a revision, or the watch was too late."""
    world.told = world.serves = NEW
    world.after["update_stack"] = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    modules.target.rollback(OLD, NEW)
    told = told_in(world.words("update_stack"))
    assert (told["Image"], told["Traffic"]) == (OLD, "ALL_AT_ONCE")


@pytest.mark.parametrize(
    ("serves", "skipped"),
    [
        pytest.param(OLD, ["Endpoint"], id="sagemaker-has-gone-back"),
        pytest.param(NEW, None, id="sagemaker-has-not"),
    ],
)
def test_a_stack_that_is_stuck_is_freed(
    world: World, modules: SimpleNamespace, serves: str, skipped: list[str] | None
) -> None:
    """CloudFormation cannot roll an endpoint back twice."""
    world.states, world.told, world.serves = ["UPDATE_ROLLBACK_FAILED"], NEW, serves
    world.after["continue_update_rollback"] = ["UPDATE_ROLLBACK_COMPLETE"]
    world.after["update_stack"] = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    modules.target.rollback(OLD, NEW)
    assert world.words("continue_update_rollback").get("ResourcesToSkip") == skipped
    assert world.serves == OLD


def test_a_rollback_that_fails_says_so(
    world: World, modules: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person has to look."""
    world.told = world.serves = NEW
    world.after["update_stack"] = ["UPDATE_ROLLBACK_COMPLETE"]
    with pytest.raises(SystemExit):
        modules.target.rollback(OLD, NEW)
    assert "The rollback ended as UPDATE_ROLLBACK_COMPLETE" in capsys.readouterr().out


def test_what_never_ends_is_given_up(
    world: World,
    modules: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With what was waited for."""
    world.states = ["UPDATE_IN_PROGRESS"]
    monkeypatch.setattr(modules.service_stack, "HOUR_S", 0.01)
    with pytest.raises(SystemExit):
        modules.service_stack.wait_until_final()
    assert "Updating the stack iris-classifier took more than" in capsys.readouterr().out


def test_an_error_of_the_container_passes_the_proxy(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the container's own status and words, not SageMaker's."""

    def refuse(**_: Any) -> None:
        said = {
            "Error": {"Code": "ModelError", "Message": "outer"},
            "OriginalStatusCode": 422,
            "OriginalMessage": "inner",
            "ResponseMetadata": {"HTTPStatusCode": 424},
        }
        raise ClientError(said, "InvokeEndpoint")

    runtime = SimpleNamespace(invoke_endpoint=refuse)
    monkeypatch.setattr(modules.endpoint_proxy, "client", lambda _: runtime)
    with modules.endpoint_proxy.EndpointProxy("iris") as server:
        status, _, body = server.invoke(b"{}", {"Content-Type": "application/json"})
    assert (status, body) == (422, b"inner")

"""While a revision is watched: what the cluster says of it, and how it is asked itself."""

import json
import time
from collections.abc import Callable

import pytest

from tests.cluster.conftest import NEW, OLD, REACH, Cluster

pytestmark = pytest.mark.slow


def change(deployed: Cluster, change_pod: Callable[[dict], None]) -> None:
    """Change the canary's pod, without the controllers noticing."""
    (pod,) = [each for each in deployed.state.all("pods") if "canary" in each["metadata"]["name"]]
    change_pod(pod)


def test_restarts_and_their_reason_are_complained_of(deployed: Cluster) -> None:
    """A container that was killed for its memory answers again soon, and not for long."""
    deployed.call("stage", NEW)
    killed = {"restartCount": 2, "lastState": {"terminated": {"reason": "OOMKilled"}}, "state": {}}
    change(deployed, lambda pod: pod["status"].update(containerStatuses=[killed]))
    (complaint,) = deployed.call("problems", NEW)
    assert complaint.endswith("has restarted 2 times: OOMKilled")


def test_a_pod_that_is_not_ready_is_complained_of_with_its_last_warning(deployed: Cluster) -> None:
    """An event says more than a phase."""
    deployed.call("stage", NEW)
    change(deployed, lambda pod: pod["status"].update(conditions=[], phase="Pending"))
    for i, message in enumerate(("first", "no node has room")):
        event = {
            "metadata": {"name": f"event-{i}"},
            "type": "Warning",
            "reason": "FailedScheduling",
            "message": message,
            "lastTimestamp": f"2026-01-31T09:0{i}:00Z",
            "involvedObject": {"kind": "Pod", "name": f"{deployed.project.slug}-canary-0"},
        }
        deployed.state.objects["events", f"event-{i}"] = event
    (complaint,) = deployed.call("problems", NEW)
    assert complaint.endswith("is not ready: FailedScheduling: no node has room")


def test_pods_that_are_leaving_and_warnings_of_the_past_are_no_complaint(deployed: Cluster) -> None:
    """Each rollout has some."""
    deployed.call("stage", NEW)
    event = {
        "metadata": {"name": "event"},
        "type": "Warning",
        "involvedObject": {"kind": "Pod", "name": f"{deployed.project.slug}-canary-0"},
    }
    deployed.state.objects["events", "event"] = event
    assert deployed.call("problems", NEW) == []
    gone = {"deletionTimestamp": "2026-01-31T09:00:00Z"}
    change(
        deployed, lambda pod: (pod["metadata"].update(gone), pod["status"].update(conditions=[]))
    )
    assert deployed.call("problems", NEW) == []


def test_a_revision_that_nothing_runs_is_complained_of(deployed: Cluster) -> None:
    """Somebody may have taken it away."""
    assert deployed.call("problems", NEW) == [f"No Deployment runs {NEW}."]
    assert f"No Deployment runs {NEW}." in deployed.refused("shift", NEW, 10)


def test_one_hiccup_of_the_server_is_no_complaint(deployed: Cluster) -> None:
    """While a rollout is watched, it is asked some hundred times."""
    deployed.call("stage", NEW)
    deployed.server.failures = 1
    assert deployed.call("problems", NEW) == []


@pytest.mark.parametrize(
    ("revision", "asked"),
    [
        pytest.param(NEW, "-canary", id="canary"),
        pytest.param(OLD, "", id="stable"),
    ],
)
def test_a_revision_is_reached_through_its_own_service(
    deployed: Cluster, revision: str, asked: str
) -> None:
    """By a tunnel, so that nobody else can ask it, and without a token."""
    deployed.call("stage", NEW)
    done = deployed.python("-c", REACH, revision)
    assert done.returncode == 0, done.stdout + done.stderr
    said, token = done.stdout.rsplit(maxsplit=1)
    assert json.loads(said) == {"asked": [f"service/{deployed.project.slug}{asked}", "/predict"]}
    assert token == "''"


def test_a_tunnel_that_does_not_open_ends_the_step(deployed: Cluster) -> None:
    """At once, and not after the time that a slow one may take."""
    begin = time.monotonic()
    done = deployed.python("-c", REACH, OLD, TUNNEL_IS_DOWN="1")
    assert done.returncode == 2
    assert "No answer through the port forward" in done.stdout
    assert time.monotonic() - begin < 20

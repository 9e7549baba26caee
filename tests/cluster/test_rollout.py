"""A rollout by the library's target: the real `kubectl` speaks to a played cluster."""

import pytest

from tests.cluster.conftest import NEW, NEXT, OLD, Cluster

pytestmark = pytest.mark.slow


def test_the_first_revision_becomes_the_stable_one(first: Cluster) -> None:
    """With all that the environment needs, in the environment's namespace alone."""
    assert first.images == {"stable": OLD}
    assert first.asked_tracks == ["stable"] * 3
    resources = {resource for resource, _ in first.state.objects}
    assert resources == {
        *("deployments", "horizontalpodautoscalers", "networkpolicies", "persistentvolumeclaims"),
        *("poddisruptionbudgets", "pods", "serviceaccounts", "services"),
    }
    assert first.server.namespaces == {f"{first.project.slug}-production"}


def test_the_first_revision_has_all_of_the_traffic_from_the_start(deployed: Cluster) -> None:
    """There is nothing to share it with."""
    deployed.call("shift", OLD, 10)
    assert deployed.asked_tracks == ["stable"] * 3
    deployed.call("finish", OLD)
    assert deployed.images == {"stable": OLD}


def test_a_canary_gets_no_traffic(deployed: Cluster) -> None:
    """It stands beside the stable one, behind a Service of its own."""
    assert deployed.call("stage", NEW) == [NEW, OLD]
    assert deployed.images == {"stable": OLD, "canary": NEW}
    assert deployed.asked_tracks == ["stable"] * 3
    own = deployed.state.get("services", f"{deployed.project.slug}-canary")
    assert own["spec"]["selector"]["track"] == "canary"


def test_a_canary_is_given_a_part_of_the_pods(deployed: Cluster) -> None:
    """Beside three pods, one is the least there is: a quarter."""
    deployed.call("stage", NEW)
    deployed.call("shift", NEW, 10)
    assert deployed.asked_tracks == ["canary", "stable", "stable", "stable"]
    assert deployed.call("problems", NEW) == []


@pytest.mark.parametrize(
    ("percent", "stable", "canary"),
    [
        pytest.param(10, 1, 1, id="one-beside-one"),
        pytest.param(10, 9, 1, id="exactly-a-tenth"),
        pytest.param(10, 17, 1, id="a-second-would-be-too-much"),
        pytest.param(10, 18, 2, id="exactly-a-tenth-of-many"),
        pytest.param(50, 4, 4, id="half"),
        pytest.param(99, 2, 198, id="nearly-all"),
        pytest.param(10, 0, 1, id="none-is-ready"),
    ],
)
def test_the_canarys_part_comes_next_below_what_was_asked(
    cluster: Cluster, percent: int, stable: int, canary: int
) -> None:
    """Or is one pod, where one is too many."""
    assert cluster.call("canary_replicas", percent, stable) == canary


def test_a_canarys_part_follows_the_number_of_stable_pods(deployed: Cluster) -> None:
    """An autoscaler may have made them many."""
    deployed.state.put("deployments", deployed.project.slug, {"spec": {"replicas": 20}})
    deployed.call("stage", NEW)
    deployed.call("shift", NEW, 10)
    assert deployed.asked_tracks == ["canary"] * 2 + ["stable"] * 20


def test_a_finished_rollout_leaves_one_deployment(deployed: Cluster) -> None:
    """Of the new image, with all of the traffic."""
    deployed.call("stage", NEW)
    deployed.call("shift", NEW, 10)
    deployed.call("finish", NEW)
    assert deployed.images == {"stable": NEW}
    assert deployed.asked_tracks == ["stable"] * 3


def test_finishing_leaves_the_number_of_pods_to_the_autoscaler(deployed: Cluster) -> None:
    """A deployment at noon must not take away what the noon needs."""
    deployed.state.put("deployments", deployed.project.slug, {"spec": {"replicas": 7}})
    deployed.call("stage", NEW)
    deployed.call("finish", NEW)
    assert deployed.asked_tracks == ["stable"] * 7


@pytest.mark.parametrize("steps", [("stage",), ("stage", "shift"), ("stage", "shift", "finish")])
def test_rolling_back_works_from_every_step(deployed: Cluster, steps: tuple[str, ...]) -> None:
    """And once more, for whoever is not sure."""
    given = {"stage": (NEW,), "shift": (NEW, 10), "finish": (NEW,)}
    for step in steps:
        deployed.call(step, *given[step])
    for _ in range(2):
        deployed.call("rollback", OLD, NEW)
        assert deployed.images == {"stable": OLD}
        assert deployed.asked_tracks == ["stable"] * 3
        service = deployed.state.get("services", deployed.project.slug)
        assert service["spec"]["selector"]["track"] == "stable"  # not the next canary's pods


def test_rolling_back_from_the_first_revision_leaves_none(deployed: Cluster) -> None:
    """The next one is then a first one again."""
    for _ in range(2):
        deployed.call("rollback", "", OLD)
        assert deployed.images == {}
    assert deployed.call("stage", NEW) == [NEW, ""]


def test_rolling_back_where_nothing_was_ever_deployed_is_no_failure(cluster: Cluster) -> None:
    """The rollout may have been broken off before anything happened."""
    cluster.call("rollback", "", NEW)
    assert not cluster.state.objects


def test_rolling_back_to_a_named_revision(deployed: Cluster) -> None:
    """As *Run workflow* with a revision does it, with no canary about."""
    deployed.call("stage", NEW)
    deployed.call("finish", NEW)
    deployed.call("rollback", OLD, "")
    assert deployed.images == {"stable": OLD}


def test_rolling_back_to_what_is_still_served_takes_a_canary_of_the_same_image_away(
    deployed: Cluster,
) -> None:
    """The same image deployed twice is no reason to take the stable one away."""
    deployed.call("stage", OLD)
    assert set(deployed.images) == {"stable", "canary"}
    deployed.call("rollback", OLD, OLD)
    assert deployed.images == {"stable": OLD}


def test_a_canary_that_does_not_come_up_is_taken_away(deployed: Cluster) -> None:
    """And the cluster's own reason is in the error."""
    deployed.state.broken.add(NEW)
    said = deployed.refused("stage", NEW)
    assert said.startswith("::error::")
    assert "exceeded its progress deadline" in said
    assert "is not ready: CrashLoopBackOff" in said
    assert deployed.images == {"stable": OLD}
    assert deployed.asked_tracks == ["stable"] * 3


def test_a_stable_deployment_that_answers_nothing_is_replaced(cluster: Cluster) -> None:
    """A first revision that never came up is no previous one."""
    cluster.state.broken.add(OLD)
    cluster.refused("stage", OLD)
    assert cluster.images == {"stable": OLD}
    assert cluster.call("stage", NEW) == [NEW, ""]
    assert cluster.images == {"stable": NEW}


def test_a_release_that_gets_stuck_keeps_the_previous_pods(deployed: Cluster) -> None:
    """The new pods may fail where the canary's one did not; nobody is without an answer."""
    deployed.call("stage", NEW)
    deployed.call("shift", NEW, 10)
    deployed.state.broken.add(NEW)
    deployed.refused("finish", NEW)
    assert deployed.asked_tracks.count("stable") >= 3
    deployed.call("rollback", OLD, NEW)
    assert deployed.images == {"stable": OLD}


def test_a_rollout_that_was_broken_off_gives_the_next_canary_no_traffic(deployed: Cluster) -> None:
    """The Service is closed before the image is changed."""
    deployed.call("stage", NEW)
    deployed.call("shift", NEW, 10)
    deployed.call("stage", NEXT)
    assert deployed.images == {"stable": OLD, "canary": NEXT}
    assert deployed.asked_tracks == ["stable"] * 3


@pytest.mark.parametrize("image", ["ghcr.io/octo-org/iris:latest", "iris", "", f"{NEW}0"])
def test_an_image_without_a_digest_is_refused(deployed: Cluster, image: str) -> None:
    """A tag may be another image tomorrow; what was tried would not be what is served."""
    assert "has no digest" in deployed.refused("stage", image)
    assert deployed.images == {"stable": OLD}


def test_another_environment_is_chosen_by_a_variable(cluster: Cluster) -> None:
    """With its own namespace and its own number of pods."""
    cluster.variables["KUBE_OVERLAY"] = "staging"
    cluster.call("stage", OLD)
    assert cluster.server.namespaces == {f"{cluster.project.slug}-staging"}
    assert cluster.asked_tracks == ["stable"]


def test_an_environment_that_is_not_there_is_refused(cluster: Cluster) -> None:
    """By its name, before anything is asked."""
    cluster.variables["KUBE_OVERLAY"] = "moon"
    assert "deploy/overlays/moon/kustomization.yaml names no namespace" in cluster.refused(
        "stage", OLD
    )


@pytest.mark.parametrize("wanted", ["", "prometheus-operator"])
def test_a_release_brings_its_alerts_where_the_operator_is(deployed: Cluster, wanted: str) -> None:
    """They belong to the model, as its thresholds do."""
    deployed.variables["KUBE_MONITORING"] = wanted
    deployed.call("finish", OLD)
    made = {resource for resource, _ in deployed.state.objects}
    theirs = {"podmonitors", "prometheusrules", "configmaps"}
    assert made & theirs == (theirs if wanted else set())


def test_nothing_in_the_project_is_changed(deployed: Cluster) -> None:
    """The digest is put in on the way; the manifests stay as they were committed."""
    before = deployed.project.contents()
    deployed.call("stage", NEW)
    deployed.call("finish", NEW)
    assert deployed.project.contents() == before

"""Captures, truths and the served model come out of a running pod, and only those of the window."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cluster.actions import run_action
from tests.cluster.conftest import OLD, Cluster

HOURS = ("2026/01/30/23", "2026/01/31/05", "2026/01/31/09", "2026/01/31/12", "2026/02/02/00")


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    """Return a folder that stands for a pod's own: a model, captures, truths."""
    folder = tmp_path / "pod"
    names = ["model/manifest.json", "captures/lost.jsonl"]
    for hour in HOURS:
        names += [f"captures/iris/AllTraffic/{hour}/a.jsonl", f"ground-truth/iris/{hour}/b.jsonl"]
        names += [f"captures/iris/AllTraffic/{hour}/.c.jsonl.part"]
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


@pytest.fixture
def watched(cluster: Cluster, pod: Path) -> Cluster:
    """Return a cluster with a pod that answers."""
    cluster.call("stage", OLD)
    cluster.variables["KUBE_SERVER"] = cluster.server.url
    shutil.copytree(cluster.project.path, cluster.folder / "work")
    cluster.environment |= {
        "POD": str(pod),
        "CAPTURE_DIR": str(pod / "captures"),
        "GROUND_TRUTH_DIR": str(pod / "ground-truth"),
        "GITHUB_ENV": str(cluster.folder / "env"),
        "GITHUB_OUTPUT": str(cluster.folder / "output"),
    }
    return cluster


def fetch(cluster: Cluster, since: str, until: str) -> tuple[bool, str, set[str]]:
    """Run the action; return whether it has passed, what it said, and what was fetched."""
    work = cluster.folder / "work"
    inputs = {"variables": json.dumps(cluster.variables), "since": since, "until": until}
    done = run_action(work, "fetch-captures", inputs, cluster.environment)
    fetched = {
        path.relative_to(work / "fetched").as_posix()
        for path in (work / "fetched").rglob("*")
        if path.is_file()
    }
    return done.passed, done.log, fetched


def test_what_may_belong_to_the_window_is_fetched(watched: Cluster) -> None:
    """With an hour beside it on each side, and truths that were learnt at any time after."""
    passed, said, fetched = fetch(watched, "2026-01-31T06:00:00", "2026-01-31T12:00:00")
    assert passed, said
    assert fetched == {
        "model/manifest.json",
        *(f"captures/iris/AllTraffic/{hour}/a.jsonl" for hour in HOURS[1:4]),
        *(f"ground-truth/iris/{hour}/b.jsonl" for hour in HOURS[1:]),
    }
    output = (watched.folder / "output").read_text(encoding="utf-8")
    assert output.startswith("configured<<")
    assert "\ntrue\n" in output


def test_without_a_window_only_the_model_is_fetched(watched: Cluster) -> None:
    """A training run compares with it; whatever was there before is gone."""
    (watched.folder / "work" / "fetched" / "old").mkdir(parents=True)
    (watched.folder / "work" / "fetched" / "old" / "file").write_text("", encoding="utf-8")
    passed, said, fetched = fetch(watched, "", "")
    assert (passed, fetched) == (True, {"model/manifest.json"}), said


def test_where_no_cluster_is_named_that_is_said(watched: Cluster) -> None:
    """And is no failure."""
    del watched.variables["KUBE_SERVER"]
    passed, said, fetched = fetch(watched, "", "")
    assert (passed, fetched) == (True, set())
    assert said.startswith("::notice title=Nothing to compare with::")
    assert "\nfalse\n" in (watched.folder / "output").read_text(encoding="utf-8")


def test_where_no_pod_is_ready_the_run_fails(watched: Cluster) -> None:
    """Nothing is known then, which must not look like calm."""
    watched.state.broken.add(OLD)
    watched.state.objects = {}
    watched.refused("stage", OLD)
    passed, said, _ = fetch(watched, "", "")
    assert not passed
    assert "is ready in the namespace" in said


def test_an_archive_that_breaks_off_fails_the_run(watched: Cluster, pod: Path) -> None:
    """Half of the captures would be another production."""
    (pod / "model" / "manifest.json").unlink()
    (pod / "model").rmdir()
    passed, said, _ = fetch(watched, "", "")
    assert not passed
    assert "sent an incomplete archive" in said or "could not pack" in said

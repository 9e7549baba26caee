"""What the Prometheus Operator is given is what the project's own Prometheus reads."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.bakery import CHOICES, BakedProject
from tests.cluster.conftest import Object


def print_objects(project: BakedProject) -> list[Object]:
    """Return what the library prints in a project."""
    command = (sys.executable, "-B", "-m", "modelserve.deploy", "monitoring-objects")
    environment = {"DEPLOY_TARGET": "kubernetes", "PYTHONPATH": "vendor/modelserve/src"}
    done = project.run(*command, **environment)
    assert done.returncode == 0, done.stdout
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(params=CHOICES["model"])
def made(request: pytest.FixtureRequest, shared_bake) -> tuple[BakedProject, list[Object]]:
    """Return a project of each kind of model, with the objects that the library prints."""
    project = shared_bake(f"{request.param}--kubernetes")
    return project, print_objects(project)


def rules_of(project: BakedProject) -> dict[str, str]:
    """Return the files of rules, by the part that names their object."""
    folder = "vendor/modelserve/monitoring/prometheus/rules/"
    rules = [name for name in project.files() if name.startswith(folder)]
    assert len(rules) > 8
    parts = {Path(name).stem: name for name in rules}
    return parts | {
        "thresholds": "monitoring/thresholds.yaml",
        "rules-own": "monitoring/rules/own.yaml",
    }


def test_every_rule_is_there_and_none_is_changed(made: tuple[BakedProject, list[Object]]) -> None:
    """A file is an object; comparing them needs no order."""
    project, objects = made
    rules = [each for each in objects if each["kind"] == "PrometheusRule"]
    named = {each["metadata"]["name"]: each["spec"] for each in rules}
    assert named == {
        f"{project.slug}-{part}": yaml.safe_load(project.read(name))
        for part, name in rules_of(project).items()
    }


def test_rules_of_ones_own_come_too(bake) -> None:
    """Under a name that none of the library's has."""
    project = bake(deploy_target="kubernetes")
    own = project.path / "monitoring" / "rules" / "drift.yaml"
    own.write_text("groups: []\n", encoding="utf-8")
    names = [each["metadata"]["name"] for each in print_objects(project)]
    assert f"{project.slug}-rules-drift" in names
    assert len(names) == len(set(names))


def test_prometheus_takes_the_rules_as_they_are_wrapped(
    made: tuple[BakedProject, list[Object]], tmp_path: Path
) -> None:
    """By its own program, where that is installed; the operator hands on what stands in `spec`."""
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool here")
    files = []
    for each in made[1]:
        if each["kind"] == "PrometheusRule":
            files.append(tmp_path / each["metadata"]["name"])
            files[-1].write_text(yaml.safe_dump(each["spec"]), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", *files], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_dashboard_is_there(made: tuple[BakedProject, list[Object]]) -> None:
    """In one object, which is not too large for the cluster's store."""
    project, objects = made
    (found,) = [each for each in objects if each["kind"] == "ConfigMap"]
    folder = "vendor/modelserve/monitoring/grafana/dashboards/"
    assert found["data"] == {
        f"{project.slug}-{name.removeprefix(folder)}": project.read(name)
        for name in project.files()
        if name.startswith(folder)
    }
    assert len(json.dumps(found)) < 1_000_000


def test_each_pod_is_scraped_where_it_answers(made: tuple[BakedProject, list[Object]]) -> None:
    """By the port's name, and by the label that the pods bear on both tracks."""
    project, objects = made
    (monitor,) = [each["spec"] for each in objects if each["kind"] == "PodMonitor"]
    assert monitor["selector"] == {"matchLabels": {"app.kubernetes.io/name": project.slug}}
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")

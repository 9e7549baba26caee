"""What a project brings for other programs to read: Grafana, Compose and image builders take it."""

import json
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.bakery import CHOICES, BakedProject

# Of a query that marks moments, the schema knows the part that all data sources share.
OUTSIDE_THE_SCHEMA = {"step", "textFormat", "titleFormat"}


def dashboards(project: BakedProject) -> dict[str, Any]:
    """Return a project's dashboards by their files."""
    folder = "monitoring/grafana/dashboards/"
    names = [name for name in project.files() if name.startswith(folder)]
    return {name: json.loads(project.read(name)) for name in names}


def lost(before: Any, after: Any, at: str = "") -> list[str]:
    """List what is in the one and not, or otherwise, in the other."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = object()
        pairs = [(f".{key}", value, after.get(key, missing)) for key, value in before.items()]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"[{i}]", *pair) for i, pair in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before == after else [at]
    return [each for key, one, other in pairs for each in lost(one, other, at + key)]


def test_grafana_knows_every_key_of_a_dashboard(project: BakedProject) -> None:
    """What its schema's types do not have is dropped on the way through them."""
    plugins.register_default_plugins()
    found = dashboards(project)

    assert len(found) == 4
    for name, dashboard in found.items():
        back = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
        marks = [mark for mark in lost(dashboard, back) if ".annotations." in mark]
        assert {mark.rpartition(".")[2] for mark in marks} == OUTSIDE_THE_SCHEMA, name
        assert [key for key in lost(dashboard, back) if key not in marks] == [], name


def test_dashboards_that_several_projects_bring_are_the_same(shared_bake) -> None:
    """One Grafana can hold them all: what differs by task has a name of its own."""
    found: dict[str, Any] = {}
    for model in CHOICES["model"]:
        for dashboard in dashboards(shared_bake(f"{model}--none")).values():
            assert found.setdefault(dashboard["uid"], dashboard) == dashboard


def test_compose_takes_its_file(project: BakedProject) -> None:
    """By the specification's schema."""
    schema = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = project.run(*schema, "compose.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("python_version", CHOICES["python_version"])
def test_the_dockerfile_is_clean(bake, python_version: str) -> None:
    """By hadolint."""
    done = bake(python_version=python_version).run("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")

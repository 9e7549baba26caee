"""Files that other programs read: Grafana, Compose and image builders accept them."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.bakery import CHOICES, FOLDER, LIBRARY, tool_environment

DASHBOARDS = sorted((LIBRARY / "monitoring" / "grafana" / "dashboards").glob("*.json"))
# The schema of an annotation's query has only what all data sources share.
NOT_IN_THE_SCHEMA = {"step", "textFormat", "titleFormat"}


def differences(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Yield the keys of `before` that are missing from `after`, or have another value there."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = object()
        pairs = [(f".{key}", value, after.get(key, missing)) for key, value in before.items()]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"[{i}]", *pair) for i, pair in enumerate(zip(before, after, strict=True))]
    else:
        pairs = []
        if before != after:
            yield at
    for key, one, other in pairs:
        yield from differences(one, other, at + key)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in DASHBOARDS])
def test_grafana_knows_every_key_of_a_dashboard(path) -> None:
    """Keys that the types of its schema do not have would be dropped."""
    plugins.register_default_plugins()
    dashboard = json.loads(path.read_text(encoding="utf-8"))

    back = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))

    changed = list(differences(dashboard, back))
    marks = [key for key in changed if ".annotations." in key]
    assert {mark.rpartition(".")[2] for mark in marks} == NOT_IN_THE_SCHEMA
    assert [key for key in changed if key not in marks] == []


def test_there_are_dashboards() -> None:
    """Their names are the library's to choose; the test above must have some to check."""
    assert {path.name for path in DASHBOARDS} == {
        *("capture.json", "model.json", "quality.json", "service.json"),
    }


def test_compose_accepts_its_file() -> None:
    """By the specification's schema; the file is copied into a project as it is."""
    command = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(
        command, cwd=FOLDER, env=tool_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("python_version", CHOICES["python_version"])
def test_the_dockerfile_is_clean(bake, python_version: str) -> None:
    """By hadolint."""
    done = bake(python_version=python_version).run("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")

"""What the tests of the page's scripts share: node, and services of other manifests."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.artifact import Artifact
from modelserve.export import web


@pytest.fixture
def run(without: Callable[[str], None]) -> Callable[..., Any]:
    """Return a function that evaluates an expression of some values beside the script."""
    node = shutil.which("node")
    if node is None:
        without("node")
    script = web.read_script(web.SCRIPTS[0])

    def evaluate(expression: str, **values: Any) -> Any:
        given = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        program = f"{script}\n{given}\nconsole.log(JSON.stringify({expression}))"
        done = subprocess.run(
            [str(node), "-"], input=program, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluate


@pytest.fixture
def change(
    project: Project, trained: Artifact, make_settings: Callable[..., Any]
) -> Callable[..., Service]:
    """Return a function that makes the service of a manifest with changes."""

    def make(**changes: Any) -> Service:
        manifest = trained.manifest.model_copy(update=changes)
        return project.service_class(make_settings(), Artifact(trained.folder, manifest))

    return make

"""What the tests of the page's scripts share: node and services of other manifests."""

from collections.abc import Callable
from typing import Any

import pytest
from modelserve import Project, Service
from modelserve.artifact import Artifact
from modelserve.export import web

from tests.engine.node import Run, evaluator


@pytest.fixture
def run(without: Callable[[str], None]) -> Run:
    """Return a function that evaluates an expression of some values beside the script."""
    return evaluator(web.read_script(web.SCRIPTS[0]), without)


@pytest.fixture
def change(
    project: Project, trained: Artifact, make_settings: Callable[..., Any]
) -> Callable[..., Service]:
    """Return a function that makes the service of a manifest with changes."""

    def make(**changes: Any) -> Service:
        manifest = trained.manifest.model_copy(update=changes)
        return project.service_class(make_settings(), Artifact(trained.folder, manifest))

    return make

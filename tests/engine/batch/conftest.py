"""What the tests of `batch` share: the model, rows, and where the answers go."""

from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor

Row = dict[str, Any]


@pytest.fixture(scope="session")
def batch(project: Project, trained: Artifact) -> BatchPredictor:
    """Return the model, loaded once."""
    return BatchPredictor(project.make_service(trained.folder))


@pytest.fixture
def rows(golden: list[dict[str, Any]]) -> list[Row]:
    """Return some valid input rows."""
    return [case["input"] for case in golden]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return where predictions go: a folder that holds nothing else."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "answers.jsonl"

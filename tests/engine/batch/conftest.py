"""What the tests of `batch` share: the model, rows, and where the answers go."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchJob, BatchPredictor

Row = dict[str, Any]
MANY = 60


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


@pytest.fixture
def many(rows: list[Row]) -> list[Row]:
    """Return as many rows as a job needs for its shards, each with an id."""
    return [{"id": i, **rows[i % len(rows)]} for i in range(MANY)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return the folder of a job's answers, which does not exist yet."""
    return tmp_path / "answers"


@pytest.fixture
def job(batch: BatchPredictor, out: Path) -> Callable[..., BatchJob]:
    """Return a way to a job."""

    def make(source: Path | str, **changes: Any) -> BatchJob:
        return BatchJob(batch, str(source), str(out), **{"format": "jsonl"} | changes)

    return make

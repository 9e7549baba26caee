"""What the tests of promotion share: artifacts that say something else, and comparisons."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.promotion.comparison import (
    ArtifactChecks,
    Comparison,
    Criteria,
    MetricDifference,
    Verdict,
)
from modelserve.promotion.promote import PromotionRequest

Variant = Callable[..., Path]
Ask = Callable[..., PromotionRequest]


@pytest.fixture
def variant(trained: Artifact, tmp_path: Path) -> Variant:
    """Return a way to make an artifact whose manifest says something else."""

    def make(name: str, **changes: Any) -> Path:
        folder = tmp_path / name
        shutil.copytree(trained.folder, folder)
        path = folder / artifact.MANIFEST
        content = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps(content), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Return a way to ask for a promotion to `model`, recorded beside it."""

    def make(candidate: Path, target: Path | None = None, **changes: Any) -> PromotionRequest:
        record = tmp_path / "promotions.jsonl"
        request = PromotionRequest(candidate, target or tmp_path / "model", record, by="a person")
        return replace(request, **changes)

    return make


def metric(name: str, verdict: Verdict, **changes: Any) -> MetricDifference:
    """Return a metric with a verdict."""
    made = MetricDifference(name, "higher", 0.9, 0.8, -0.1, -0.2, -0.05, verdict)
    return replace(made, **changes)


def comparison(*metrics: MetricDifference, **changes: Any) -> Comparison:
    """Return a comparison, in which nothing speaks against the candidate but its metrics."""
    made = Comparison(
        source="newer.csv",
        rows_sha256="0123",
        rows=100,
        notes=(),
        criteria=Criteria(),
        primary="accuracy",
        metrics=metrics or (metric("accuracy", "as good"),),
        slice_metric="log_loss",
        slices=(),
        latency=(),
        checks=ArtifactChecks(10, 10, 100, 1, 0.0, 1e-5, None, 1e-5),
    )
    return replace(made, **changes)

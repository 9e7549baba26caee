"""What the tests of the shadow share: challengers, as artifacts and as fakes."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.request_context import RequestContext
from modelserve.serving.shadow.challenger import Challenger
from modelserve.serving.shadow.shadow_metrics import ShadowMetrics
from modelserve.serving.shadow.shadow_observer import ShadowObserver
from modelserve.types import ModelInput, Outputs, Prediction, Tensors

PATIENCE_S = 10  # for what happens within a tenth of a second, unless something is broken
VERSION = "9.0.0"


class FakeModel:
    """A challenger's model that gives the same output to every row, and keeps its calls.

    Args:
        output: of each row.
        go: is waited for in every call.
    """

    def __init__(self, *output: float, go: threading.Event | None = None) -> None:
        self.output = output
        self.calls: list[Tensors] = []
        self.entered = threading.Event()
        self._go = go

    def run(self, tensors: Tensors) -> Outputs:
        """Return the output of each row."""
        self.calls.append(tensors)
        self.entered.set()
        if self._go and not self._go.wait(PATIENCE_S):
            raise TimeoutError("nobody let the model go")
        rows = len(next(iter(tensors.values())))
        return np.repeat(np.asarray([self.output], dtype=np.float32), rows, axis=0)


class BrokenModel:
    """A challenger's model that fails."""

    def run(self, tensors: Tensors) -> Outputs:
        """Fail."""
        raise RuntimeError(f"no answer to {[*tensors]}")


def wait_until(happened: Callable[[], object]) -> None:
    """Return once a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Return a way to wait for what another thread does."""
    return wait_until


@pytest.fixture
def save_challenger(trained: Artifact, tmp_path: Path) -> Callable[..., Path]:
    """Return a way to the folder of an artifact like the trained one, with another manifest."""

    def save(**changes: Any) -> Path:
        manifest = trained.manifest.model_copy(update={"version": VERSION} | changes)
        return artifact.save(tmp_path / "challenger", manifest, trained.paths).folder

    return save


@pytest.fixture
def make_observer(trained: Artifact, series: MetricsRegistry) -> Iterator[Callable[..., Any]]:
    """Return a way to observers with a fake challenger; they are closed at the end."""
    made: list[ShadowObserver] = []

    def make(model: Any, *, percentage: float = 100, most_rows: int = 8, **more: Any) -> Any:
        manifest = trained.manifest.model_copy(update={"version": VERSION})
        observer = ShadowObserver(
            Challenger(manifest, model, 0, **more),
            ShadowMetrics(series, trained.manifest, manifest),
            percentage=percentage,
            most_rows=most_rows,
        )
        made.append(observer)
        return observer

    yield make
    for observer in made:
        observer.close()


@pytest.fixture
def answered(
    trained: Artifact, make_context: Callable[..., RequestContext]
) -> Callable[..., RequestContext]:
    """Return a way to requests that the champion has answered, by its fallback's outputs."""

    def make(
        rows: int = 1, *, degraded: bool = False, width: int = 4, size: int = 10
    ) -> RequestContext:
        outputs = np.repeat(np.asarray([trained.manifest.fallback], dtype=np.float32), rows, axis=0)
        given = ModelInput({"features": np.ones((rows, width), dtype=np.float32)}, rows)
        prediction = Prediction(outputs, degraded=degraded)
        facts = {"given": given, "prediction": prediction, "rows": rows, "body": b"x" * size}
        return make_context(degraded=degraded, **facts)

    return make

"""Metrics of a start that was killed do not come back with the next one."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.e2e.workers import STARTED, Row, Serve, predicted_by

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGKILL"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that outlives a start."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def start(serve: Serve) -> Callable[..., Any]:
    """Return a function that starts so many workers, and returns once all are ready."""

    def begin(workers: int, **settings: str) -> Any:
        service = serve("--workers", str(workers), **settings)
        service.until(lambda: service.log.read_text("utf-8", "replace").count(STARTED) == workers)
        return service

    return begin


def kill(service: Any, workers: set[int]) -> None:
    """Kill a service and its workers, and wait for their end."""
    service.process.kill()
    service.process.wait()
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("variable", ["PROMETHEUS_MULTIPROC_DIR", "TMPDIR"])
def test_a_killed_start_leaves_no_metrics_and_no_folder(
    start: Callable[..., Any], folder: Path, row: Row, figures: Any, variable: str, workers: int
) -> None:
    settings = {variable: str(folder)}
    first = start(workers, **settings)
    for _ in range(10):
        assert first.ask("POST", "/predict", {"instances": [row]})[0] == 200
    kept = folder if variable != "TMPDIR" else next(folder.glob("metrics-*"), folder)
    if kept == folder and variable == "TMPDIR":
        pids = {first.process.pid}  # one process keeps its metrics in memory
    else:
        first.until(lambda: sum(predicted_by(kept).values()) == 10)
        pids = set(predicted_by(kept))
    kill(first, pids)

    second = start(workers, **settings)
    exposed = figures(second.ask("GET", "/metrics")[1].decode())
    assert sum(exposed("model_rows_total")) == 0
    assert not pids & set(predicted_by(kept))
    needed = variable != "TMPDIR" or workers > 1
    assert len(list(folder.glob("metrics-*"))) == needed
    assert second.stop() == 0
    assert not list(folder.glob("metrics-*"))

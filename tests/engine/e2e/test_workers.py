"""Workers may die and restart without a loss in the metrics."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.engine.e2e.workers import SETTLES_IN_S, STARTED, Row, Serve, Workers, predicted_by

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGTERM and no SIGKILL"),
]


def test_no_counter_goes_down_when_a_worker_is_killed_and_replaced(
    start_workers: Callable[..., Workers], row: Row
) -> None:
    workers = start_workers()
    workers.ask_until_both_answer(row, times=10)
    count = len(workers.names)
    assert workers.scrape()("model_rows_total") == [count]
    seen: dict[Any, float] = {}

    def scrape() -> Any:
        with suppress(OSError):  # the connection of one that was killed
            exposed = workers.scrape()
            for each in exposed.samples:
                if exposed.types.get(each.name.removesuffix("_total")) != "gauge":
                    key = (each.name, *sorted(each.labels.items()))
                    assert each.value >= seen.get(key, 0), key
                    seen[key] = each.value

    for _ in range(10):
        scrape()
    os.kill(max(predicted_by(workers.folder)), signal.SIGKILL)
    while workers.log().count(STARTED) < 3:
        scrape()
    for _ in range(20):
        workers.ask(row)
        scrape()
    workers.service.until(lambda: len(predicted_by(workers.folder)) == 3)
    time.sleep(SETTLES_IN_S)
    exposed = workers.scrape()

    assert exposed("model_rows_total") == [count + 20]
    assert len(seen) > 50
    assert workers.service.stop() == 0


def test_a_configured_metrics_folder_is_used_and_kept(
    start_workers: Callable[..., Workers], tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    workers = start_workers(TMPDIR=str(tmp_path / "temporary"))
    assert not list((tmp_path / "temporary").glob("metrics-*"))
    assert workers.service.stop() == 0
    assert len(list(workers.folder.glob("counter_*.db"))) == 2


def test_a_temporary_metrics_folder_is_removed_at_the_end(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    service = serve("--workers", "2", TMPDIR=str(tmp_path / "temporary"))
    (folder,) = (tmp_path / "temporary").glob("metrics-*")
    service.until(lambda: len(list(folder.glob("counter_*.db"))) == 2)
    assert service.stop() == 0
    assert not folder.exists()

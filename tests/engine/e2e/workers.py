"""Two workers of one service, and the folder of their metrics."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.multiprocess import MultiProcessCollector

SETTLES_IN_S = 1.0  # the longest until all workers expose what one has counted
STARTED = "Application startup complete"

Serve = Callable[..., Any]
Row = dict[str, Any]


def predicted_by(folder: Path) -> Counter[int]:
    """Return how many predictions each worker has counted, by its process."""
    actual: Counter[int] = Counter()
    for path in folder.glob("counter_*.db"):
        metrics = {each.name: each for each in MultiProcessCollector.merge([str(path)])}
        if rows := metrics.get("model_rows"):
            actual[int(path.stem.partition("_")[2])] = int(sum(each.value for each in rows.samples))
    return actual


class Workers:
    """Two workers, the folder of their metrics, and the names of their answers.

    Args:
        serve: starts a service.
        folder: keeps their metrics.
        figures: parses what they expose.
        settings: of the service.
    """

    def __init__(self, serve: Serve, folder: Path, figures: Any, **settings: str) -> None:
        folder.mkdir()
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
        self.service = serve("--workers", "2", **shared, **settings)
        self.folder, self._figures = folder, figures
        self.names: list[str] = []
        self.service.until(lambda: self.log().count(STARTED) == 2)

    def log(self) -> str:
        """Return what the service has logged."""
        text: str = self.service.log.read_text(encoding="utf-8", errors="replace")
        return text

    def ask(self, row: Row) -> None:
        """Ask for one row over a new connection, and keep the answer's name."""
        status, body = self.service.ask("POST", "/predict", {"instances": [row]})
        assert status == 200
        self.names.append(json.loads(body)["inference_id"])

    def ask_until_both_answer(self, row: Row, *, times: int) -> None:
        """Ask at least so many times, and until two processes have counted answers."""
        for _ in range(times):
            self.ask(row)
        self.service.until(lambda: len(+predicted_by(self.folder)) >= 2 or self.ask(row))
        time.sleep(SETTLES_IN_S)

    def scrape(self) -> Any:
        """Return the metrics that one of the workers exposes."""
        status, body = self.service.ask("GET", "/metrics")
        assert status == 200, f"{body!r}\n{self.log()[-4_000:]}"
        return self._figures(body.decode())

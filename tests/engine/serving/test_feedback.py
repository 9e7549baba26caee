"""Feedback is matched with answers, each row once, and kept as ground truth."""

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.serving import feedback
from modelserve.serving.app import wrap
from modelserve.serving.feedback import Feedback
from modelserve.serving.feedback_metrics import make_feedback_metrics
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.prediction_cache import PredictionCache
from modelserve.serving.request_context import RequestContext
from modelserve.types import Prediction
from starlette.testclient import TestClient

FAMILIES = ("iris", "diabetes")

MakeExchange = Callable[..., RequestContext]
Figures = Callable[[str], Any]
LATER = f"{2**47:012x}{'b' * 20}"
NOW_S = 1_800_000_000.0


class Lines:
    """A spool that keeps lines in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, bytes]] = []
        self.closed = False

    def add(self, time_s: float, line: bytes) -> None:
        """Keep a line."""
        self.lines.append((time_s, line))

    def close(self) -> None:
        """Say so."""
        self.closed = True

    @property
    def records(self) -> list[Any]:
        """What the lines hold."""
        return [json.loads(line) for _, line in self.lines]


@pytest.fixture
def lines() -> Lines:
    """Return a spool."""
    return Lines()


@pytest.fixture
def made(trained: Artifact, series: MetricsRegistry, lines: Any) -> Feedback:
    """Return what takes feedback, of two groups, and remembers up to a thousand answers."""
    outcomes = make_feedback_metrics(trained.manifest, ("north", "south"), series)
    return Feedback(PredictionCache(1_000), outcomes, series, lines)


@pytest.fixture
def answered(trained: Artifact, make_context: MakeExchange) -> MakeExchange:
    """Return a way to requests that were answered."""

    def make(name: str, *, rows: int = 1, degraded: bool = False) -> RequestContext:
        outputs = np.repeat([trained.manifest.fallback], rows, axis=0).astype(np.float32)
        return make_context(
            inference_id=name,
            rows=rows,
            degraded=degraded,
            prediction=Prediction(outputs, degraded),
        )

    return make


def test_each_row_is_matched_with_its_own_request(
    made: Feedback, answered: MakeExchange, make_context: MakeExchange, truth: dict[str, Any]
) -> None:
    refused = make_context(inference_id="refused", status=422)
    made.record([answered("a", rows=2), refused, answered("b", degraded=True), answered("c")])
    told = [
        made.take([{"inference_id": name, "row": row, **truth}], time_s=NOW_S)
        for name, row in (("a", 1), ("a", 2), ("b", 0), ("c", 0), ("c", 1), ("refused", 0))
    ]
    became = [next(status for status, count in each.items() if count) for each in told]
    assert became == ["counted", "unknown", "degraded", "counted", "unknown", "unknown"]
    made.record([refused])


def test_all_but_duplicates_is_kept_with_its_time(
    made: Feedback, answered: MakeExchange, lines: Lines, truth: dict[str, Any]
) -> None:
    made.record([answered("a"), answered("b", degraded=True)])
    outcomes = [{"inference_id": each, **truth} for each in ("a", "a", LATER, "0" * 32, "b", "b")]
    assert made.take(outcomes, time_s=NOW_S) == {
        "counted": 1,
        "late": 1,
        "duplicate": 2,
        "unknown": 1,
        "degraded": 1,
    }
    kept = [each["eventMetadata"]["eventId"] for each in lines.records]
    assert kept == ["a", LATER, "0" * 32, "b"]
    assert {time_s for time_s, _ in lines.lines} == {NOW_S}


def test_a_truth_is_kept_as_sagemaker_keeps_it(
    made: Feedback, lines: Lines, truth: dict[str, Any]
) -> None:
    plain = {"inference_id": "a", **truth}
    made.take([plain, plain | {"row": 0, "group": "north"}], time_s=NOW_S)
    data = {"data": str(next(iter(truth.values()))), "encoding": "CSV"}
    assert lines.records == [
        {"groundTruthData": data, "eventMetadata": about, "eventVersion": "0"}
        for about in ({"eventId": "a"}, {"eventId": "a", "row": 0, "group": "north"})
    ]
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for _, line in lines.lines)


@pytest.mark.parametrize(
    "value",
    ["plain", " ", "a,b", 'say "so"', "two\nlines", "a\rb", "é, \U0001f600", '"', "1,5", "'"],
)
def test_a_truth_is_one_field_of_csv_whatever_it_holds(value: str) -> None:
    record = json.loads(feedback.describe({"inference_id": "a", "label": value}, "label"))
    text = io.StringIO(record["groundTruthData"]["data"], newline="")
    assert list(csv.reader(text)) == [[value]]


@pytest.mark.parametrize("value", [1.5, -0.0, 0.1, 1e-300, 3.4e38])
def test_a_number_is_kept_to_its_last_digit(value: float) -> None:
    record = json.loads(feedback.describe({"inference_id": "a", "value": value}, "value"))
    assert float(record["groundTruthData"]["data"]) == value


def test_closing_closes_the_spool_and_nothing_needs_one(
    made: Feedback, lines: Lines, trained: Artifact, truth: dict[str, Any]
) -> None:
    made.close()
    assert lines.closed
    series = MetricsRegistry(trained.manifest)
    without = Feedback(
        PredictionCache(2), make_feedback_metrics(trained.manifest, (), series), series, None
    )
    assert without.take([{"inference_id": "a", **truth}], time_s=NOW_S)["unknown"] == 1
    without.close()


def test_the_truth_lies_where_sagemaker_would_put_it(
    make_components: Callable[..., Any], tmp_path: Path, row: Any, truth: dict[str, Any]
) -> None:
    components = make_components(ground_truth_dir=tmp_path / "truths")
    client = TestClient(wrap(components))
    name = client.post("/predict", json={"instances": [row]}).json()["inference_id"]
    client.post("/feedback", json={"outcomes": [{"inference_id": name, **truth}]})
    components.log_queue.close()
    (path,) = (tmp_path / "truths").rglob("*.jsonl")
    hour = path.relative_to(tmp_path / "truths").parent.as_posix()
    endpoint = re.escape(components.manifest.name)
    assert re.fullmatch(endpoint + r"/AllTraffic/\d{4}/\d\d/\d\d/\d\d", hour)
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["eventMetadata"] == {"eventId": name}


class Narrow(PredictionCache):
    """A ledger that takes its time, and notices when two come in at once."""

    def __init__(self) -> None:
        super().__init__(1_000)
        self.inside = self.met = self.calls = 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.inside += 1
        time.sleep(1e-5)
        self.met += self.inside > 1
        yield
        self.inside -= 1

    def put(self, inference_id: str, answers: Any) -> None:
        """Remember what was answered."""
        self.calls += 1
        with self._alone():
            super().put(inference_id, answers)

    def pop(self, inference_id: str, row: int) -> Any:
        """Return what was answered."""
        self.calls += 1
        with self._alone():
            return super().pop(inference_id, row)


def test_every_row_counts_once_while_threads_answer_and_tell(
    answered: MakeExchange,
    trained: Artifact,
    series: MetricsRegistry,
    figures: Figures,
    truth: dict[str, Any],
) -> None:
    ledger, names = Narrow(), [f"{i:032x}" for i in range(60)]
    made = Feedback(ledger, make_feedback_metrics(trained.manifest, (), series), series, None)
    rows = [{"inference_id": each, "row": row, **truth} for row in range(3) for each in names]

    def answer(some: list[str]) -> None:
        for each in some:
            made.record([answered(each, rows=3)])

    def tell() -> list[dict[str, int]]:
        return [made.take(rows, time_s=NOW_S) for _ in range(3)]

    with ThreadPoolExecutor(5) as threads:
        answering = [threads.submit(answer, names[i::2]) for i in range(2)]
        telling = [threads.submit(tell) for _ in range(3)]
        for done in answering:
            done.result()
        totals = [each for done in telling for each in done.result()]

    totals.append(made.take(rows, time_s=NOW_S))
    sums = {status: sum(each[status] for each in totals) for status in feedback.STATUSES}
    assert (ledger.met, ledger.calls) == (0, 60 + 10 * 180)
    assert (sums["counted"], sum(sums.values())) == (180, 10 * 180)
    read = figures(series.expose().decode())
    assert read.by("status", "model_feedback_total") == sums
    assert sum(read("model_outcomes_total") or read("model_absolute_error_count")) == 180

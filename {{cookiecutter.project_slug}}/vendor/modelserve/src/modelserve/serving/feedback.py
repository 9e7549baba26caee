"""Feedback: ground truth that is matched with predictions, counted, and stored."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import Field
from pydantic_core import to_json

from ..monitoring.config import UNSTATED
from .feedback_metrics import FeedbackMetrics
from .metrics_registry import MetricsRegistry
from .observers import RequestObserver
from .prediction_cache import RESOLVED, PredictionCache
from .request_context import RequestContext
from .rotating_writer import RotatingWriter
from .schemas import typed_dict
from .whole_numbers import WHOLE

COUNTED, LATE, DUPLICATE, UNKNOWN, DEGRADED = "counted", "late", "duplicate", "unknown", "degraded"
STATUSES = (COUNTED, LATE, DUPLICATE, UNKNOWN, DEGRADED)
MOST = 1_000  # outcomes in one request

FALLBACK = object()  # instead of a prediction, where the fallback answered


class Feedback(RequestObserver):
    """Caches predictions, and counts their outcomes.

    Each process knows only its own predictions: feedback on an evicted one is late, and feedback on
    another replica's is unknown (workers pass it to each other). Both are stored as ground truth,
    like counted feedback: the monitoring job reads the captures of all replicas.

    Args:
        cache: of predictions.
        metrics: counts outcomes.
        registry: creates the counters.
        writer: writes the ground truth; None to store none.
    """

    def __init__(
        self,
        cache: PredictionCache,
        metrics: FeedbackMetrics,
        registry: MetricsRegistry,
        writer: RotatingWriter | None,
    ) -> None:
        """Create the counters."""
        self._cache = cache
        self._metrics = metrics
        self._writer = writer
        self._lock = threading.Lock()
        count = registry.counter(
            "model_feedback", "Rows of feedback by what became of it.", "status"
        )
        self._counters = {status: count(status) for status in STATUSES}
        group: Any = Literal[UNSTATED, *metrics.groups]
        outcome: dict[str, Any] = {
            "inference_id": Annotated[str, Field(min_length=1, max_length=64)],
            "row": NotRequired[
                Annotated[int, Field(ge=0, description="In the request; 0 if not given."), WHOLE]
            ],
            metrics.field: metrics.truth,
            "group": NotRequired[group],
        }
        row: Any = typed_dict("Outcome", outcome)
        several = Annotated[list[row], Field(min_length=1, max_length=MOST)]
        self.request: Any = typed_dict("FeedbackRequest", {"outcomes": several})
        self.response: Any = typed_dict("FeedbackResponse", dict.fromkeys(STATUSES, int))

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Cache predictions."""
        given = [each.prediction.outputs for each in finished if each.prediction]
        if not given:
            return
        answers = self._metrics.keep(np.concatenate(given))
        start = 0
        with self._lock:
            for each in finished:
                end = start + each.rows
                if each.rows:
                    rows = answers[start:end]
                    if each.prediction and each.degraded:
                        by_fallback = each.prediction.by_fallback.tolist()
                        rows = tuple(
                            FALLBACK if fallen else row
                            for fallen, row in zip(by_fallback, rows, strict=True)
                        )
                    self._cache.put(each.inference_id, rows)
                start = end

    def close(self) -> None:
        """Write what is queued."""
        if self._writer:
            self._writer.close()

    def take(self, outcomes: Sequence[Mapping[str, Any]], *, time_s: float) -> dict[str, int]:
        """Count and store outcomes of the type `request`; return the number of each status.

        Args:
            outcomes: the ground truth of rows.
            time_s: now, in seconds since the epoch.
        """
        return self.store(outcomes, self.resolve(outcomes), time_s=time_s)

    def resolve(self, outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
        """Count the outcomes of this process's predictions; return the status of each."""
        with self._lock:
            return [self._count(each) for each in outcomes]

    def store(
        self, outcomes: Sequence[Mapping[str, Any]], statuses: Sequence[str], *, time_s: float
    ) -> dict[str, int]:
        """Store resolved outcomes; return and count the number of each status."""
        counts = Counter(statuses)
        for status, count in counts.items():
            self._counters[status].inc(count)
        for each, status in zip(outcomes, statuses, strict=True):
            if self._writer and status != DUPLICATE:
                self._writer.add(time_s, describe(each, self._metrics.field))
        return {status: counts[status] for status in STATUSES}

    def _count(self, outcome: Mapping[str, Any]) -> str:
        inference_id = outcome["inference_id"]
        answer = self._cache.pop(inference_id, outcome.get("row", 0))
        if answer is None:
            return LATE if self._cache.is_late(inference_id) else UNKNOWN
        if answer is RESOLVED:
            return DUPLICATE
        if answer is FALLBACK:
            return DEGRADED
        self._metrics.count(answer, outcome[self._metrics.field], outcome.get("group", UNSTATED))
        return COUNTED


def describe(outcome: Mapping[str, Any], field: str) -> bytes:
    """Return an outcome as a record of SageMaker's ground truth, with its newline."""
    about = {"eventId": outcome["inference_id"]}
    about |= {name: outcome[name] for name in ("row", "group") if name in outcome}
    text = str(outcome[field])
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    truth = {"data": text, "encoding": "CSV"}
    return to_json({"groundTruthData": truth, "eventMetadata": about, "eventVersion": "0"}) + b"\n"

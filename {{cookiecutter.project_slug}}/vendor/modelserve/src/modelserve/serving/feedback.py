"""Feedback: ground truth that is matched with predictions, counted, and stored."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError, to_json

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
PREDECESSORS = 3  # models before the served one whose predictions are still known

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
        predecessor: of the model that this one replaced, which knows its own predictions. It is
            dropped once this cache has been filled.
    """

    def __init__(
        self,
        cache: PredictionCache,
        metrics: FeedbackMetrics,
        registry: MetricsRegistry,
        writer: RotatingWriter | None,
        predecessor: "Feedback | None" = None,
    ) -> None:
        """Create the counters."""
        self.predecessor = predecessor
        self._created_id = f"{time.time_ns() // 1_000_000:012x}{'0' * 20}"
        for known in islice(self._generations(), PREDECESSORS, None):
            known.predecessor = None
        self._cache = cache
        self._metrics = metrics
        self._writer = writer
        self._lock = threading.Lock()
        count = registry.counter(
            "model_feedback", "Rows of feedback by what became of it.", "status"
        )
        self._counters = {status: count(status) for status in STATUSES}
        group: Any = Literal[UNSTATED, *metrics.groups]
        if not metrics.groups:
            group = Annotated[group, BeforeValidator(_refuse_groups)]
        outcome: dict[str, Any] = {
            "inference_id": Annotated[str, Field(min_length=1, max_length=64)],
            "row": NotRequired[
                Annotated[
                    int | None, Field(ge=0, description="In the request; 0 if not given."), WHOLE
                ]
            ],
            metrics.field: metrics.truth,
            "group": NotRequired[group | None],
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
            if self.predecessor and self._cache.is_late(self._created_id):
                self.predecessor = None

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
        """Count the outcomes of this process's predictions; return and count the status of each.

        Each is counted for the model that made the prediction.
        """
        statuses = [UNKNOWN] * len(outcomes)
        unknown: Sequence[int] = range(len(outcomes))
        for generation in self._generations():
            found = generation.resolve_own([outcomes[i] for i in unknown])
            for i, status in zip(unknown, found, strict=True):
                statuses[i] = status
            unknown = [i for i in unknown if statuses[i] in (UNKNOWN, LATE)]
        for i in unknown:
            self._counters[statuses[i]].inc()
        return statuses

    def store(
        self, outcomes: Sequence[Mapping[str, Any]], statuses: Sequence[str], *, time_s: float
    ) -> dict[str, int]:
        """Store resolved outcomes; return the number of each status."""
        counts = Counter(statuses)
        for each, status in zip(outcomes, statuses, strict=True):
            if self._writer and status != DUPLICATE:
                self._writer.add(time_s, describe(each, self._metrics.field))
        return {status: counts[status] for status in STATUSES}

    def _generations(self) -> Iterator["Feedback"]:
        """Yield this object, and those of the models before it."""
        generation: Feedback | None = self
        while generation:
            yield generation
            generation = generation.predecessor

    def resolve_own(self, outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
        """Count the outcomes of this model's predictions; return the status of each."""
        with self._lock:
            statuses = [self._count(each) for each in outcomes]
        for status, count in Counter(statuses).items():
            if status not in (UNKNOWN, LATE):  # another model may have made the prediction
                self._counters[status].inc(count)
        return statuses

    def _count(self, outcome: Mapping[str, Any]) -> str:
        if self._metrics.field not in outcome:  # the model that was served then had another task
            return UNKNOWN
        inference_id = outcome["inference_id"]
        answer = self._cache.pop(inference_id, outcome.get("row") or 0)
        if answer is None:
            return LATE if self._cache.is_late(inference_id) else UNKNOWN
        if answer is RESOLVED:
            return DUPLICATE
        if answer is FALLBACK:
            return DEGRADED
        group = outcome.get("group") or UNSTATED
        known = (UNSTATED, *self._metrics.groups)  # the configuration may have got another one
        self._metrics.count(
            answer, outcome[self._metrics.field], group if group in known else UNSTATED
        )
        return COUNTED


def describe(outcome: Mapping[str, Any], field: str) -> bytes:
    """Return an outcome as a record of SageMaker's ground truth, with its newline."""
    about = {"eventId": outcome["inference_id"]}
    about |= {name: outcome[name] for name in ("row", "group") if outcome.get(name) is not None}
    text = str(outcome[field])
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    truth = {"data": text, "encoding": "CSV"}
    return to_json({"groundTruthData": truth, "eventMetadata": about, "eventVersion": "0"}) + b"\n"


def _refuse_groups(group: object) -> object:
    """Refuse any group with the way out, where none is configured."""
    if group in (UNSTATED, None):
        return group
    raise PydanticCustomError(
        "no_groups",
        "Input should be 'unstated': no groups are named under [fairness] in "
        "config/monitoring.toml",
    )

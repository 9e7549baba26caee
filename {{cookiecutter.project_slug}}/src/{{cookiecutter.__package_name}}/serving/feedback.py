"""What turned out to be true: matched with what was answered, counted, and kept."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import Field
from pydantic_core import to_json

from ..monitoring.config import UNSTATED
from .exchange import Exchange
from .journal import Recorder
from .ledger import TOLD, Ledger
from .outcomes import TRUTH, Outcomes
from .schemas import typed_dict
from .series import Series
from .spool import Spool

COUNTED, LATE, DUPLICATE, UNKNOWN, DEGRADED = "counted", "late", "duplicate", "unknown", "degraded"
STATUSES = (COUNTED, LATE, DUPLICATE, UNKNOWN, DEGRADED)
MOST = 1_000  # outcomes that one request may carry

PRIOR = object()  # in the place of an answer that was no model's


class Feedback(Recorder):
    """Remembers answers, and counts how they turned out.

    Of several replicas, each knows its own answers; feedback on another's is unknown to it. So is
    what was forgotten, which is late. Both are kept as ground truth, with what was counted, for
    the monitoring job, which has all captures at hand.

    Args:
        ledger: remembers answers.
        outcomes: counts them.
        series: makes the counters.
        spool: takes the ground truth, if it is kept.
    """

    def __init__(
        self, ledger: Ledger, outcomes: Outcomes, series: Series, spool: Spool | None
    ) -> None:
        """Make the counters."""
        self._ledger = ledger
        self._outcomes = outcomes
        self._spool = spool
        self._lock = threading.Lock()
        count = series.counter("model_feedback", "Rows of feedback by what became of it.", "status")
        self._counters = {status: count(status) for status in STATUSES}
        group: Any = Literal[UNSTATED, *outcomes.groups]
        outcome: dict[str, Any] = {
            "inference_id": Annotated[str, Field(min_length=1, max_length=64)],
            "row": NotRequired[
                Annotated[int, Field(ge=0, description="Within the request; 0 if not given.")]
            ],
            TRUTH: outcomes.truth,
            "group": NotRequired[group],
        }
        row: Any = typed_dict("Outcome", outcome)
        several = Annotated[list[row], Field(min_length=1, max_length=MOST)]
        self.request: Any = typed_dict("FeedbackRequest", {"outcomes": several})
        self.response: Any = typed_dict("FeedbackResponse", dict.fromkeys(STATUSES, int))

    def record(self, finished: Sequence[Exchange]) -> None:
        """Remember answers."""
        given = [each.prediction.outputs for each in finished if each.prediction]
        if not given:
            return
        answers = self._outcomes.keep(np.concatenate(given))
        start = 0
        with self._lock:
            for each in finished:
                end = start + each.rows
                if each.rows:
                    rows = (PRIOR,) * each.rows if each.degraded else answers[start:end]
                    self._ledger.remember(each.inference_id, rows)
                start = end

    def close(self) -> None:
        """Write what waits."""
        if self._spool:
            self._spool.close()

    def take(self, outcomes: Sequence[Mapping[str, Any]], *, time_s: float) -> dict[str, int]:
        """Count outcomes of the form of `request`, and keep them; return how many became what.

        Args:
            outcomes: what turned out to be true of rows that were answered.
            time_s: now, since the epoch.
        """
        with self._lock:
            statuses = [self._count(each) for each in outcomes]
        found = Counter(statuses)
        for status, count in found.items():
            self._counters[status].inc(count)
        for each, status in zip(outcomes, statuses, strict=True):
            if self._spool and status != DUPLICATE:
                self._spool.add(time_s, describe(each))
        return {status: found[status] for status in STATUSES}

    def _count(self, outcome: Mapping[str, Any]) -> str:
        inference_id = outcome["inference_id"]
        answer = self._ledger.settle(inference_id, outcome.get("row", 0))
        if answer is None:
            return LATE if self._ledger.is_late(inference_id) else UNKNOWN
        if answer is TOLD:
            return DUPLICATE
        if answer is PRIOR:
            return DEGRADED
        self._outcomes.count(answer, outcome[TRUTH], outcome.get("group", UNSTATED))
        return COUNTED


def describe(outcome: Mapping[str, Any]) -> bytes:
    """Return an outcome as SageMaker keeps ground truth: a record, with its newline."""
    about = {"eventId": outcome["inference_id"]}
    about |= {name: outcome[name] for name in ("row", "group") if name in outcome}
    text = str(outcome[TRUTH])
    if any(mark in text for mark in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    truth = {"data": text, "encoding": "CSV"}
    return to_json({"groundTruthData": truth, "eventMetadata": about, "eventVersion": "0"}) + b"\n"

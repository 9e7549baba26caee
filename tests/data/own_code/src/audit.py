"""Counts, and remembers, what was predicted with little confidence."""

from collections import deque
from collections.abc import Sequence

from modelserve import MetricsRegistry, RequestContext, RequestObserver


class UnsureAnswers(RequestObserver):
    """The latest predictions whose likeliest label has less than some probability.

    Args:
        registry: makes the counter.
        threshold: below which an answer is unsure.
    """

    def __init__(self, registry: MetricsRegistry, threshold: float) -> None:
        """Remember nothing yet."""
        self._threshold = threshold
        self._counted = registry.counter("unsure_answers", "Rows that were answered unsurely.")()
        self.latest: deque[str] = deque(maxlen=100)

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Count the unsure rows of some requests, and keep the ids of these requests."""
        for request in finished:
            if request.prediction is None:
                continue
            unsure = int((request.prediction.outputs.max(axis=1) < self._threshold).sum())
            self._counted.inc(unsure)
            if unsure:
                self.latest.append(request.inference_id)

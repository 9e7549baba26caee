"""What became of a reload, and how reloads are counted."""

from typing import Literal, NamedTuple

from prometheus_client import Counter

from ..metrics_registry import MetricsRegistry

Result = Literal["loaded", "unchanged", "refused"]
RESULTS: tuple[Result, ...] = ("loaded", "unchanged", "refused")


class ReloadOutcome(NamedTuple):
    """What became of a reload; a `reason` if it was refused."""

    result: Result
    reason: str = ""


def count_reloads(registry: MetricsRegistry) -> dict[Result, Counter]:
    """Return the counters of reloads by their result, of the model that is served then."""
    count = registry.counter("model_reloads", "Reloads of the artifact while serving.", "result")
    return {result: count(result) for result in RESULTS}

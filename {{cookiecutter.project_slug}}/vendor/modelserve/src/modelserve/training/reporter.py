"""What a training run reports while it runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from ..manifest import Manifest
from .config import Config
from .gate import GateResult
from .measures.measurement import Intervals
from .search.run import SearchResult, Track


@contextmanager
def silent(_: str) -> Iterator[None]:
    """Show nothing of a step."""
    yield


def ignore(*_: object) -> None:
    """Show no warning, and no metrics."""


@dataclass(frozen=True)
class Reporter:
    """The functions that are called as a run proceeds; by default, none of them shows anything.

    Args:
        step: a context manager around each named step, to show its progress.
        warn: is given what is suspicious in the data and the configuration, a sentence each.
        show_metrics: is given the metrics of a model that is rejected, with their intervals.
        show_difference: is given what differs from the last model, a sentence each.
        evaluated: is given the manifest of a model, its gate and its configuration, before it is
            accepted or rejected.
        track: passes the trials of `[search]` on, to show their progress.
        show_search: is given what the search found, whether or not the model is accepted.
    """

    step: Callable[[str], AbstractContextManager[None]] = silent
    warn: Callable[[str], None] = ignore
    show_metrics: Callable[[dict[str, float], list[GateResult], Intervals], None] = ignore
    show_difference: Callable[[Sequence[str]], None] = ignore
    evaluated: Callable[[Manifest, list[GateResult], Config], None] = ignore
    track: Track = iter
    show_search: Callable[[SearchResult], None] = ignore


SILENT = Reporter()

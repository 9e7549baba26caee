"""Counts predictions whose ground truth is known, for accuracy, error and fairness rules."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field

from ..answers import decision_of, label_codes, label_of
from ..manifest import Manifest
from ..monitoring.config import UNSTATED
from ..types import Outputs
from .metrics_registry import MetricsRegistry

MOST_LABELS = 20  # with more, a pair has no series until it occurs
LARGEST = 3.4028234663852886e38  # as float32 has it, like outputs; its square is still a number
MULTIPLES = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10)  # of the error that training measured


class FeedbackMetrics(Protocol):
    """Counts ground truths by group.

    `field` names the ground truth in a request, `truth` is its type; `groups` may be named.
    """

    field: str
    truth: Any
    groups: tuple[str, ...]

    def keep(self, outputs: Outputs) -> tuple[Any, ...]:
        """Return what must be remembered of outputs of shape (rows, n_outputs), an entry a row."""

    def count(self, answer: Any, truth: Any, group: str) -> None:
        """Count a row whose ground truth is known."""


def truth_field(manifest: Manifest) -> str:
    """Return the name of the ground truth in a feedback request."""
    return "label" if manifest.labels else "value"


def make_feedback_metrics(
    manifest: Manifest, groups: Sequence[str], registry: MetricsRegistry
) -> FeedbackMetrics:
    """Return the metrics of the manifest's task."""
    if manifest.labels:
        return LabelFeedback(manifest, groups, registry)
    return ValueFeedback(manifest, groups, registry)


def _label_of_number(value: object) -> object:
    """Return a number or a boolean as the label that it is in the training data."""
    return label_of(value) if isinstance(value, int | float) else value


class LabelFeedback:
    """Counters by group, and by the labels that were given and right.

    Args:
        manifest: lists the labels.
        groups: that feedback may name.
        registry: makes the counters.
    """

    field = "label"

    def __init__(
        self, manifest: Manifest, groups: Sequence[str], registry: MetricsRegistry
    ) -> None:
        """Make the counters of all pairs, unless there are very many."""
        self.truth: Any = Annotated[Literal[manifest.labels], BeforeValidator(_label_of_number)]
        self.groups = tuple(groups)
        self._labels = manifest.labels
        self._decision = decision_of(manifest)
        self._counter = registry.counter(
            "model_outcomes", "Rows whose truth is known.", "group", "predicted", "actual"
        )
        labels = self._labels if len(self._labels) <= MOST_LABELS else ()
        for group in (UNSTATED, *groups):
            for predicted in labels:
                for actual in labels:
                    self._counter(group, predicted, actual)

    def keep(self, outputs: Outputs) -> tuple[Any, ...]:
        """Return what must be remembered of outputs of shape (rows, n_labels): a number each."""
        return tuple(label_codes(outputs, self._decision).tolist())

    def count(self, answer: int, truth: str, group: str) -> None:
        """Count a row whose truth is known."""
        self._counter(group, self._labels[answer], truth).inc()


class ValueFeedback:
    """Errors by group.

    Args:
        manifest: says how large errors were in training.
        groups: that feedback may name.
        registry: makes the counters.
    """

    field = "value"

    def __init__(
        self, manifest: Manifest, groups: Sequence[str], registry: MetricsRegistry
    ) -> None:
        """Make the series of every group."""
        self.truth: Any = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
        self.groups = tuple(groups)
        usual = manifest.metrics["mae"] or 1.0
        absolute = registry.distribution(
            "model_absolute_error",
            "How far answers lay from the truth.",
            "group",
            buckets=[usual * multiple for multiple in MULTIPLES],
        )
        squared = registry.mean("model_squared_error", "The same, squared.", "group")
        above = registry.counter("model_overestimates", "Rows answered above the truth.", "group")
        self._series = {
            group: (absolute(group), squared(group), above(group)) for group in (UNSTATED, *groups)
        }

    def keep(self, outputs: Outputs) -> tuple[Any, ...]:
        """Return what must be remembered of outputs of shape (rows, 1): the value each."""
        return tuple(outputs[:, 0].tolist())

    def count(self, answer: float, truth: float, group: str) -> None:
        """Count a row whose truth is known."""
        absolute, squared, above = self._series[group]
        absolute.observe(abs(answer - truth))
        squared.observe((answer - truth) ** 2)
        above.inc(answer > truth)

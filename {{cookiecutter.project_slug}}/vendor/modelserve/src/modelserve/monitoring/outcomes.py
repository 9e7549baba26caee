"""Ground truths as the task of the model understands them."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..bins import Shape
from ..manifest import Manifest
from .classifier.outcomes import ClassifierTruths
from .outcome_counts import OutcomeCounts
from .regressor.outcomes import RegressorTruths


class TruthParser(Protocol):
    """Parses ground truths."""

    def truth(self, text: str) -> float:
        """Return a label's index, or a value.

        Raises:
            ValueError: the text is neither.
        """

    def merge(self, other: Any) -> None:
        """Add what a copy of it, in another process, knows of the truths that it parsed."""


class TruthReader(TruthParser, Protocol):
    """Parses ground truths, and creates what counts predictions with one."""

    def empty_counts(self, *, groups: int) -> OutcomeCounts:
        """Return counts of no rows, for so many groups."""


def make_truth_reader(manifest: Manifest, reference: Mapping[str, Shape]) -> TruthReader:
    """Return the reader of the manifest's task.

    Args:
        manifest: with the labels, or the interval.
        reference: the shapes of training's outputs.
    """
    if manifest.labels:
        return ClassifierTruths(manifest)
    return RegressorTruths(manifest, reference)

"""Predictions, parsed from captured responses as the task of the model has them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from ..answers import decision_of
from ..bins import Shape
from ..manifest import Manifest
from .classifier.answers import ClassifierAnswerReader
from .regressor.answers import RegressorAnswerReader


class AnswerReader(Protocol):
    """Parses predictions."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the monitored values."""

    def gather(self, predictions: Sequence[Mapping[str, Any]]) -> Any:
        """Return predictions as arrays, with `captured` and `take(index)`."""

    def observe(self, answers: Any) -> dict[str, NDArray[Any]]:
        """Return the monitored values by field, without rows that were not captured."""

    def read_csv(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the prediction of a row of CSV."""

    def as_sent(self, field: str, shape: Shape) -> Shape:
        """Return a field's bins, their edges moved so that a rounded value stays in its bin."""


def make_answer_reader(manifest: Manifest) -> AnswerReader:
    """Return the reader of the manifest's task."""
    if manifest.labels:
        return ClassifierAnswerReader(manifest.labels, decision_of(manifest))
    return RegressorAnswerReader()

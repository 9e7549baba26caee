"""The protocol by which training treats a classifier and a regressor alike."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..answers import Decision
from ..manifest import OutputBounds
from .measures.measurement import Measurement
from .sections import OutputSection

Name = Literal["classifier", "regressor"]


class Task(Protocol):
    """What training does differently for a classifier and for a regressor."""

    def prepare(self, target: pd.Series) -> pd.Series:
        """Return a target as training takes it, checked that it is one of this task."""

    def too_few(self, target: Sequence[Any]) -> str:
        """Return why a target cannot be split, if it is for its labels; nothing otherwise."""

    def stratify(self, target: NDArray[np.object_]) -> NDArray[Any]:
        """Return the strata whose shares a split keeps, of shape (rows,)."""

    def labels_of(self, target: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels in the target; none for a regressor."""

    def fallback(self, target: Sequence[Any], labels: Sequence[str]) -> tuple[float, ...]:
        """Return what the service answers when the model fails, of shape (n_outputs,)."""

    def output_bounds(
        self,
        target: Sequence[Any],
        outputs: NDArray[np.float32],
        fallback: tuple[float, ...],
        section: OutputSection,
    ) -> OutputBounds:
        """Return the bounds of every answer, and the interval around it."""

    def measure(
        self,
        target: Sequence[Any],
        outputs: NDArray[np.float32],
        labels: Sequence[str],
        bounds: OutputBounds,
        decision: Decision | None = None,
        *,
        named: Collection[str] = (),
    ) -> Measurement:
        """Return the metrics of outputs of shape (rows, n_outputs)."""


def load_task(name: Name) -> Task:
    """Return a task by its name."""
    # pylint: disable=import-outside-toplevel  # each imports the metrics that it needs
    if name == "classifier":
        from .classifier import Classifier

        return Classifier()
    from .regressor import Regressor

    return Regressor()

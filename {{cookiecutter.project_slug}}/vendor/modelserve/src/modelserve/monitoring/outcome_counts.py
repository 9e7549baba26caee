"""The frame in which predictions with a ground truth are counted, whatever the task."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(kw_only=True)
class OutcomeCounts(ABC):
    """Counts of predictions with a ground truth; a task adds its own.

    Args:
        late: those whose ground truth arrived after the end of the window.
    """

    late: int = 0

    @property
    @abstractmethod
    def counted(self) -> int:
        """Return the number of rows."""

    @property
    @abstractmethod
    def quality(self) -> int:
        """Return the sum over the rows whose mean is the metric with a threshold, in units."""

    @property
    def unknown_label(self) -> int:
        """Return how many of them have a label that the model does not know."""
        return 0

    def add(
        self,
        answers: Any,
        truths: NDArray[np.float64],
        groups: NDArray[np.int64],
        late: NDArray[np.bool_],
    ) -> None:
        """Count predictions with their ground truths; those that were not captured are skipped.

        Args:
            answers: of the task's reader, of shape (rows,).
            truths: a label's index, or a value, of shape (rows,).
            groups: a group's index, of shape (rows,).
            late: whether the ground truth arrived after the window, of shape (rows,).
        """
        captured = np.flatnonzero(answers.captured)
        self.late += int(late[captured].sum())
        self._add(answers.take(captured), truths[captured], groups[captured])

    def merge(self, other: Any) -> None:
        """Add the counts of other files."""
        self.late += other.late
        self._merge(other)

    @abstractmethod
    def _add(
        self, answers: Any, truths: NDArray[np.float64], groups: NDArray[np.int64]
    ) -> None: ...

    @abstractmethod
    def _merge(self, other: Any) -> None: ...

"""A regressor's answers whose truth is known, and how far off they were."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..answers import VALUE
from ..artifact import Manifest
from ..bins import Shape
from .moments import Moments, moments
from .replies import Answers


class Judge:
    """Knows what a truth can be, and what is far off.

    Args:
        manifest: says how wide the interval around an answer is.
        reference: the outputs' of training.
    """

    def __init__(self, manifest: Manifest, reference: Mapping[str, Shape]) -> None:
        """Take over what is counted by."""
        interval = manifest.guarantees.interval
        self._half_width = interval.half_width if interval else None
        self._edges = np.asarray(reference[VALUE]["edges"], dtype=np.float64)

    def truth(self, text: str) -> float:
        """Return the true value.

        Raises:
            ValueError: it is none.
        """
        value = float(text)
        if not np.isfinite(value):
            raise ValueError("has a truth that is not finite")
        return value

    def nothing(self, *, groups: int) -> "OutcomeTally":
        """Return outcomes of which there are none yet."""
        errors = [Moments() for _ in range(groups)]
        return OutcomeTally(
            self._edges, self._half_width, errors, np.zeros((len(self._edges) + 1, 3))
        )


@dataclass
class OutcomeTally:
    """Sums over answers with a truth.

    Args:
        edges: between the bins of the answers.
        half_width: of the interval around an answer, None where there is none.
        errors: the absolute errors by group.
        steps: by the answer's bin: rows, the summed answers, and the summed truths, of shape
            (n_bins, 3).
        truths: the true values.
        squares: the summed squared errors.
        over: rows whose answer lies above the truth.
        within: rows whose truth lies within the interval.
        late: those whose truth was told after the window's end.
    """

    edges: NDArray[np.float64]
    half_width: float | None
    errors: list[Moments]
    steps: NDArray[np.float64]
    truths: Moments = field(default_factory=Moments)
    squares: float = 0.0
    over: int = 0
    within: int = 0
    late: int = 0
    unknown_label: int = 0  # a classifier's

    @property
    def counted(self) -> int:
        """How many rows there are."""
        return self.truths.count

    def add(
        self,
        answers: Answers,
        truths: NDArray[np.float64],
        groups: NDArray[np.int64],
        late: NDArray[np.bool_],
    ) -> None:
        """Count answers of shape (rows,) with their truths; those that were not kept are none."""
        kept = np.flatnonzero(np.isfinite(answers.values))
        values, actual, groups = answers.values[kept], truths[kept], groups[kept]
        errors = np.abs(values - actual)
        for group in np.unique(groups):
            self.errors[group] += moments(errors[groups == group])
        self.truths += moments(actual)
        self.squares += float(errors @ errors)
        self.over += int((values > actual).sum())
        self.late += int(late[kept].sum())
        if self.half_width is not None:
            self.within += int((errors <= self.half_width).sum())
        step = np.searchsorted(self.edges, values)
        for i, weights in enumerate((None, values, actual)):
            self.steps[:, i] += np.bincount(step, weights, minlength=len(self.steps))

    def merge(self, other: "OutcomeTally") -> None:
        """Add what was counted in later files."""
        pairs = zip(self.errors, other.errors, strict=True)
        self.errors = [mine + theirs for mine, theirs in pairs]
        self.steps += other.steps
        self.truths += other.truths
        self.squares += other.squares
        self.over += other.over
        self.within += other.within
        self.late += other.late

"""Stratify, measure and bound a classifier."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import (
    is_bool_dtype,
    is_extension_array_dtype,
    is_integer_dtype,
    is_numeric_dtype,
)

from ..answers import Decision, label_of
from ..errors import FieldError, InvalidInputError
from ..manifest import OutputBounds
from .measures.classification import measure_labels
from .measures.measurement import Measurement
from .sections import OutputSection

MOST_NUMBERS = 20  # labels that are numbers, whatever the number of rows
MOST_NEW = 0.1  # more whole numbers than this share of the rows are values
NAMED, MAX_SHOWN = 5, 40  # labels in an error, and characters of one


class Classifier:
    """A task whose target is a label."""

    def prepare(self, target: pd.Series) -> pd.Series:
        """Return the labels; numbers such as 1.0 and 2.0 are the labels 1 and 2.

        Raises:
            InvalidInputError: the target is a number with very many values, and no label.
        """
        if not is_numeric_dtype(target) or is_bool_dtype(target):
            return target
        values = target.to_numpy(dtype=np.float64)
        whole = bool((values == np.floor(values)).all())
        if (count := len(np.unique(values))) > MOST_NUMBERS and (
            not whole or count > MOST_NEW * len(values)
        ):
            problem = (
                f"holds {count} different numbers in {len(values)} rows: values and no labels; "
                'write task = "regressor"'
            )
            raise InvalidInputError([FieldError(str(target.name), problem)])
        if is_integer_dtype(target):
            return target
        if not whole:
            return target.map(label_of)
        return target.astype("Int64" if is_extension_array_dtype(target) else "int64")

    def too_few(self, target: Sequence[Any]) -> str:
        """Return which labels have too few rows to be split; nothing if all have two or more."""
        counts = Counter(map(label_of, target))
        rare = sorted(label for label, count in counts.items() if count < 2)
        if not rare:
            return (
                f"{len(target)} rows are too few for {len(counts)} labels in every part. Add rows, "
                "or raise [split] test_size or calibration_size."
            )
        named = ", ".join(repr(label[:MAX_SHOWN]) for label in rare[:NAMED])
        more = f" and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
        return (
            f"{named}{more} {'has' if len(rare) == 1 else 'have'} a single row left, and a label "
            "needs one in each part. Add rows of it, drop its row, or merge it with another label."
        )

    def stratify(self, target: NDArray[np.object_]) -> NDArray[np.object_]:
        """Return the labels as strata, so that a split keeps their shares.

        Raises:
            InvalidInputError: there is only one label.
        """
        if len(names := {label_of(value) for value in target}) == 1:
            problem = "the only label; a classifier needs two or more"
            raise InvalidInputError([FieldError(names.pop(), problem)])
        return target

    def labels_of(self, target: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels in scikit-learn's order."""
        return tuple(map(label_of, np.unique(np.asarray(target, dtype=object))))

    def fallback(self, target: Sequence[Any], labels: Sequence[str]) -> tuple[float, ...]:
        """Return each label's share of the training rows, of shape (n_labels,)."""
        names = [label_of(value) for value in target]
        return tuple(names.count(label) / len(names) for label in labels)

    def output_bounds(
        self,
        target: Sequence[Any],
        outputs: NDArray[np.float32],
        fallback: tuple[float, ...],
        section: OutputSection,
    ) -> OutputBounds:
        """Return no bounds: a probability has none to configure."""
        del target, outputs, fallback, section
        return OutputBounds()

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
        """Return the metrics of outputs of shape (rows, n_labels).

        Args:
            target: the true label of each row.
            outputs: probabilities of shape (rows, n_labels).
            labels: in the order of the columns.
            bounds: unused.
            decision: which of two labels is the answer, if not the most probable one.
            named: metrics that are measured besides those that always are.

        Raises:
            InvalidInputError: the target holds labels that the model does not have; each is named.

        Source: scikit-learn's user guide, "Classification metrics".
        """
        del bounds
        return measure_labels(target, outputs, labels, decision, named)

"""Stratify, measure and bound a classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from ..errors import FieldError, InvalidInputError
from ..manifest import OutputBounds
from .sections import OutputSection


class Classifier:
    """A task whose target is a label."""

    def stratify(self, target: NDArray[np.object_]) -> NDArray[np.object_]:
        """Return the labels as strata, so that a split keeps their shares.

        Raises:
            InvalidInputError: there is only one label.
        """
        if len(names := {str(value) for value in target}) == 1:
            problem = "the only label; a classifier needs two or more"
            raise InvalidInputError([FieldError(names.pop(), problem)])
        return target

    def labels_of(self, target: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels in scikit-learn's order."""
        return tuple(map(str, np.unique(np.asarray(target, dtype=object))))

    def fallback(self, target: Sequence[Any], labels: Sequence[str]) -> tuple[float, ...]:
        """Return each label's share of the training rows, of shape (n_labels,)."""
        names = [str(value) for value in target]
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
    ) -> dict[str, float]:
        """Return accuracy, its gain over the majority label, macro F1, log loss, confidence.

        Args:
            target: the true label of each row.
            outputs: probabilities of shape (rows, n_labels).
            labels: in the order of the columns.
            bounds: unused.

        Raises:
            InvalidInputError: the target holds labels that the model does not have; each is named.

        Source: scikit-learn's user guide, "Classification metrics".
        """
        del bounds
        truth = [str(value) for value in target]
        if unknown := sorted(set(truth) - set(labels)):
            raise InvalidInputError(
                [FieldError(name, "not a label of the model") for name in unknown]
            )
        guess = [labels[i] for i in outputs.argmax(axis=1)]
        shares = outputs.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)
        accuracy = float(accuracy_score(truth, guess))
        return {
            "accuracy": accuracy,
            "gain_over_majority": accuracy - max(map(truth.count, set(truth))) / len(truth),
            "macro_f1": float(
                f1_score(truth, guess, average="macro", labels=list(labels), zero_division=0)
            ),
            "log_loss": float(log_loss(truth, shares, labels=list(labels))),
            "mean_confidence": float(outputs.max(axis=1).mean()),
        }

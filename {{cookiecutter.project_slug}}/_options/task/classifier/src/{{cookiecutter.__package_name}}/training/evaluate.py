"""How good a classifier is, and whether that is good enough."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from ..errors import Complaint, InvalidInputError

TASK = "classifier"


def stratify(target: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return what a split keeps the shares of: the labels."""
    return target


def prior(target: Sequence[object], labels: Sequence[str]) -> tuple[float, ...]:
    """Return each label's share of the training rows, of shape (n_labels,)."""
    names = [str(value) for value in target]
    return tuple(names.count(label) / len(names) for label in labels)


def measure(
    target: Sequence[object], probabilities: NDArray[np.float32], labels: Sequence[str]
) -> dict[str, float]:
    """Return accuracy, macro F1 and log loss.

    Args:
        target: the true label of each row.
        probabilities: of shape (rows, n_labels).
        labels: in the order of the probabilities' columns.

    Raises:
        InvalidInputError: the truth holds labels that the model does not know; each is named.

    Source: scikit-learn's user guide, "Classification metrics".
    """
    truth = [str(value) for value in target]
    if unknown := sorted(set(truth) - set(labels)):
        raise InvalidInputError([Complaint(name, "no label of the model") for name in unknown])
    guess = [labels[i] for i in probabilities.argmax(axis=1)]
    shares = probabilities.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    return {
        "accuracy": float(accuracy_score(truth, guess)),
        "macro_f1": float(
            f1_score(truth, guess, average="macro", labels=list(labels), zero_division=0)
        ),
        "log_loss": float(log_loss(truth, shares, labels=list(labels))),
    }

"""How good a classifier is, and whether that is good enough."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from ..artifact import Guarantees
from ..errors import Complaint, InvalidInputError
from .sections import Section

TASK = "classifier"
OUTPUT = "probabilities"


class Output(Section):
    """What `[output]` in config/training.toml may say: nothing, for a classifier."""


def stratify(target: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return what a split keeps the shares of: the labels.

    Raises:
        InvalidInputError: there is but one label.
    """
    if len(names := {str(value) for value in target}) == 1:
        problem = "the only label; a classifier needs two or more to tell apart"
        raise InvalidInputError([Complaint(names.pop(), problem)])
    return target


def labels_of(target: Sequence[object]) -> tuple[str, ...]:
    """Return the labels that there are, in the order that scikit-learn gives them."""
    return tuple(map(str, np.unique(np.asarray(target, dtype=object))))


def prior(target: Sequence[object], labels: Sequence[str]) -> tuple[float, ...]:
    """Return each label's share of the training rows, of shape (n_labels,)."""
    names = [str(value) for value in target]
    return tuple(names.count(label) / len(names) for label in labels)


def guarantees(*_: object) -> Guarantees:
    """Return what every answer keeps to: a probability can only be finite or not."""
    return Guarantees()


def measure(
    target: Sequence[object],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    kept: Guarantees,
) -> dict[str, float]:
    """Return accuracy, its gain over naming the commonest label, macro F1, log loss, confidence.

    Args:
        target: the true label of each row.
        probabilities: of shape (rows, n_labels).
        labels: in the order of the probabilities' columns.
        kept: nothing that is measured here.

    Raises:
        InvalidInputError: the truth holds labels that the model does not know; each is named.

    Source: scikit-learn's user guide, "Classification metrics".
    """
    del kept
    truth = [str(value) for value in target]
    if unknown := sorted(set(truth) - set(labels)):
        raise InvalidInputError([Complaint(name, "no label of the model") for name in unknown])
    guess = [labels[i] for i in probabilities.argmax(axis=1)]
    shares = probabilities.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    accuracy = float(accuracy_score(truth, guess))
    return {
        "accuracy": accuracy,
        "gain_over_majority": accuracy - max(map(truth.count, set(truth))) / len(truth),
        "macro_f1": float(
            f1_score(truth, guess, average="macro", labels=list(labels), zero_division=0)
        ),
        "log_loss": float(log_loss(truth, shares, labels=list(labels))),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
    }

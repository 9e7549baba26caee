"""The monitored values of a model's outputs, shared by training, serving and monitoring."""

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .manifest import Manifest

MOST_NEGATIVE = -1e-4  # of a probability: 1 - 1.000002 is no fault of a forest's sums
ROUNDING = 1e-5  # of the largest output: graphs of floats differ by less on any machine
SUM_TOLERANCE = 0.01  # outputs of 8 or 16 bits are rounded
LABEL, CONFIDENCE, VALUE = "label", "confidence", "value"


def rounding(outputs: Iterable[Iterable[float]]) -> float:
    """Return by how much outputs may differ for rounding alone: a float32 holds seven digits.

    The sums inside of a graph are as large as its largest outputs, so that is what counts.

    Args:
        outputs: of a model, of shape (rows, n_outputs).
    """
    return ROUNDING * (max(abs(value) for row in outputs for value in row) or 1.0)


class Decision(NamedTuple):
    """Which of two labels is the answer: the positive one from a threshold on.

    Args:
        positive: the index of the label.
        threshold: of its probability, as a float32 holds it.
    """

    positive: int
    threshold: float


def make_decision(
    labels: Sequence[str], positive: str | None, threshold: float | None
) -> Decision | None:
    """Return the decision of a model; None where the most probable label is the answer.

    Args:
        labels: in the order of the outputs.
        positive: the label that the threshold is for.
        threshold: of its probability.
    """
    if positive is None or threshold is None:
        return None
    # Rounded as the outputs are: numpy compares them as float32, Python as float64.
    return Decision(list(labels).index(positive), float(np.float32(threshold)))


def decision_of(manifest: "Manifest") -> Decision | None:
    """Return the decision of an artifact's model."""
    return make_decision(manifest.labels, manifest.positive, manifest.threshold)


def label_codes(outputs: NDArray[Any], decision: Decision | None = None) -> NDArray[np.int64]:
    """Return the index of each row's label, of shape (rows,).

    Args:
        outputs: probabilities of shape (rows, n_labels).
        decision: of two labels; without one, the most probable label is the answer.
    """
    if decision is None:
        return np.asarray(outputs.argmax(axis=1))
    positive, threshold = decision
    return np.where(outputs[:, positive] >= threshold, positive, 1 - positive)


def find_label(text: str, labels: Container[str]) -> str:
    """Return a label as it stands; without the space around it only if it is none of `labels`."""
    return text if text in labels else text.strip()


def label_of(value: object) -> str:
    """Return the name of a label: a whole number has no decimals, however it was read."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)  # type: ignore[call-overload]


def observe(
    outputs: NDArray[np.float32], labels: Sequence[str], decision: Decision | None = None
) -> dict[str, NDArray[Any]]:
    """Return the monitored values by name, each of shape (rows,).

    Args:
        outputs: of shape (rows, n_labels), or of a regressor (rows, 1).
        labels: in the order of the columns; none for a regressor.
        decision: which label is the answer, if not the most probable one.

    Returns:
        the label and its probability, or the value.
    """
    if not labels:
        return {VALUE: outputs[:, 0]}
    codes = label_codes(outputs, decision)
    return {
        LABEL: np.asarray(labels, dtype=object)[codes],
        CONFIDENCE: np.take_along_axis(outputs, codes[:, None], axis=1)[:, 0],
    }


def are_distributions(outputs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows of shape (n_labels,) are probabilities that sum to one, of shape (rows,).

    Args:
        outputs: of shape (rows, n_labels).
    """
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        off = np.abs(outputs.sum(axis=1, dtype=np.float64) - 1)
    return np.asarray((outputs >= MOST_NEGATIVE).all(axis=1) & (off <= SUM_TOLERANCE))


def averaged(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the values whose mean is exposed: a classifier's confidence."""
    return (CONFIDENCE,) if labels else ()

"""What is watched of a classifier's answers, in training, serving and monitoring alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LABEL, CONFIDENCE = "label", "confidence"
AVERAGED = (CONFIDENCE,)  # what a mean tells something of, and is never negative


def observe(answers: NDArray[np.float32], labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the likeliest label of each answer and how sure it is, each of shape (rows,).

    Args:
        answers: of shape (rows, n_labels).
        labels: in the order of the answers' columns.
    """
    names = np.asarray(labels, dtype=object)
    return {LABEL: names[answers.argmax(axis=1)], CONFIDENCE: answers.max(axis=1)}

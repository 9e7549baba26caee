"""What is watched of a regressor's answers, in training, serving and monitoring alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

VALUE = "value"
AVERAGED: tuple[str, ...] = ()  # what a mean tells something of, and is never negative


def observe(answers: NDArray[np.float32], labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the value of each answer, of shape (rows,).

    Args:
        answers: of shape (rows, 1).
        labels: none.
    """
    del labels
    return {VALUE: answers[:, 0]}

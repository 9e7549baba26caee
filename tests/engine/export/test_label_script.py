"""The exported page writes labels and probabilities as the service does."""

from collections.abc import Callable

import pytest
from modelserve import Service

from tests.engine.export.encoded import assert_encoded_alike
from tests.engine.node import Run

FAMILIES = ("iris",)

NAN = float("nan")
SHARES = [
    [0.5, 0.5],
    [0.0078125, 0.9921875],
    [0.3, 0.7],
    [0.7, 0.3],
    [1e-7, 0.9999999],
    [-2e-7, 1.0],
    [0.4, 0.61],
    [0.0234375, 0.9765625],
    [-0.5, 1.5],
    [NAN, 1.0],
]


@pytest.mark.parametrize("threshold", [None, 0.3, 0.7])
def test_labels_are_those_of_the_service(
    run: Run, change: Callable[..., Service], threshold: float | None
) -> None:
    labels = {"labels": ("no", "yes"), "fallback": (0.4, 0.6)}
    positive = {"positive": "yes", "threshold": threshold} if threshold else {}
    assert_encoded_alike(run, change(**labels, **positive), SHARES)

"""The model answers what it answered when it was trained."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.types import Outputs, Rows

Predict = Callable[[Rows], Outputs]


@pytest.fixture
def tolerance(training_config: Any, golden: list[dict[str, Any]]) -> float:
    """Return how far two runs of the graph may differ, by the largest of the golden outputs.

    A float32 holds seven digits; with 8-bit weights, outputs also depend on their batch.
    """
    largest = max(abs(value) for case in golden for value in case["output"])
    return max(1e-5, float(training_config.parity.tolerance)) * (largest or 1.0)


def test_golden_cases_keep_their_outputs(
    graph: Predict, golden: list[dict[str, Any]], tolerance: float
) -> None:
    outputs = graph([case["input"] for case in golden])
    expected = np.array([case["output"] for case in golden])
    assert outputs == pytest.approx(expected, rel=1e-5, abs=tolerance)


def test_the_order_of_rows_is_the_order_of_outputs(
    predict: Predict, rows: Rows, tolerance: float
) -> None:
    order = np.random.default_rng(1).permutation(len(rows))
    shuffled = predict([rows[i] for i in order])
    assert shuffled == pytest.approx(predict(rows)[order], rel=1e-5, abs=tolerance)


def test_the_order_of_fields_does_not_matter(predict: Predict, rows: Rows) -> None:
    turned = [dict(reversed(row.items())) for row in rows]
    assert predict(turned).tobytes() == predict(rows).tobytes()


@pytest.mark.parametrize("copies", [1, 7, 100])
def test_a_row_is_answered_alone_as_among_others(
    predict: Predict, rows: Rows, tolerance: float, copies: int
) -> None:
    alone = np.concatenate([predict([row]) for row in rows])
    together = predict([*rows] * copies)
    assert together == pytest.approx(np.tile(alone, (copies, 1)), rel=1e-5, abs=tolerance)

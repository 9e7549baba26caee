"""The model answers what it answered when it was made, however it is asked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.artifact import Artifact

Rows = list[dict[str, Any]]
Answer = Callable[[Rows], np.ndarray]


def test_golden_cases_are_answered_after_a_fresh_load(
    answer: Answer, inputs: Rows, golden: list[dict[str, Any]]
) -> None:
    expected = np.array([case["output"] for case in golden])
    assert answer(inputs) == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_answers_are_finite_and_as_wide_as_the_prior(
    answer: Answer, inputs: Rows, found: Artifact
) -> None:
    outputs = answer(inputs)
    assert outputs.dtype == np.float32
    assert outputs.shape == (len(inputs), len(found.manifest.prior))
    assert np.isfinite(outputs).all()


def test_the_model_tells_its_inputs_apart(answer: Answer, inputs: Rows) -> None:
    assert len(np.unique(answer(inputs), axis=0)) > 1


def test_a_reload_changes_no_byte(load_model: Callable[[], Answer], inputs: Rows) -> None:
    first, second = load_model(), load_model()
    assert first(inputs).tobytes() == second(inputs).tobytes() == first(inputs).tobytes()


def test_the_order_of_rows_is_the_order_of_answers(answer: Answer, inputs: Rows) -> None:
    order = np.random.default_rng(1).permutation(len(inputs))
    shuffled = answer([inputs[i] for i in order])
    assert shuffled == pytest.approx(answer(inputs)[order], rel=1e-5, abs=1e-6)


def test_the_order_of_fields_does_not_matter(answer: Answer, inputs: Rows) -> None:
    turned = [dict(reversed(row.items())) for row in inputs]
    assert answer(turned).tobytes() == answer(inputs).tobytes()


@pytest.mark.parametrize("copies", [1, 7, 100])
def test_a_row_is_answered_alone_as_among_others(answer: Answer, inputs: Rows, copies: int) -> None:
    alone = np.concatenate([answer([row]) for row in inputs])
    together = answer(inputs * copies)
    assert together == pytest.approx(np.tile(alone, (copies, 1)), rel=1e-5, abs=1e-6)

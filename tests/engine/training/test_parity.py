"""The graph must answer as the model did, in shape and in value."""

import numpy as np
import pytest
from modelserve.errors import ParityError
from modelserve.training import parity

NATIVE = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], dtype=np.float32)


def test_equal_answers_differ_by_nothing() -> None:
    assert parity.compare(NATIVE, NATIVE.copy(), tolerance=1e-9) == 0


def test_the_largest_difference_is_returned() -> None:
    exported = NATIVE + np.array([[0.125, 0], [0, -0.25], [0, 0]], dtype=np.float32)
    assert parity.compare(NATIVE, exported, tolerance=0.25) == 0.25


def test_no_rows_differ_by_nothing() -> None:
    assert parity.compare(NATIVE[:0], NATIVE[:0], tolerance=1e-9) == 0


def test_a_miss_names_the_row_the_tolerance_and_the_way_out() -> None:
    exported = NATIVE + np.array([[0.125, 0], [0, -0.25], [0, 0]], dtype=np.float32)
    with pytest.raises(
        ParityError, match=r"by 0\.25 \(row 1\); 0\.1 are allowed.*\[parity\] tolerance in config"
    ):
        parity.compare(NATIVE, exported, tolerance=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["native", "exported", "both"])
def test_an_answer_that_is_not_finite_is_no_parity(value: float, where: str) -> None:
    spoilt = NATIVE.copy()
    spoilt[2, 1] = value
    native = NATIVE if where == "exported" else spoilt
    exported = NATIVE if where == "native" else spoilt
    with pytest.raises(ParityError, match="row 2"):
        parity.compare(native, exported, tolerance=1e9)


def test_other_shapes_are_no_parity() -> None:
    with pytest.raises(ParityError, match=r"have shape \(3, 2\), the ONNX graph's \(3, 1\)"):
        parity.compare(NATIVE, NATIVE[:, :1], tolerance=1)

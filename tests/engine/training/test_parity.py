"""The graph must answer as the model did, in shape and in value."""

import numpy as np
import pandas as pd
import pytest
from modelserve import Table
from modelserve.answers import Decision
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
        ParityError,
        match=r"by 0\.25; 0\.1 is allowed\. For row 2, .* 0\.5 .* 0\.25\. .*\[parity\] tolerance",
    ):
        parity.compare(NATIVE, exported, tolerance=0.1)


@pytest.mark.parametrize(
    ("difference", "advice", "way_out"),
    [
        pytest.param(0.25, "Replace it", "Replace it. Or leave out a parameter of it", id="large"),
        pytest.param(np.nan, "Replace it", "Replace it. Or leave out a parameter", id="no number"),
        pytest.param(0.25, "Remove it", "Remove it.", id="a step to remove"),
        pytest.param(0.25, "", "differently, or raise [parity] tolerance", id="unknown"),
        pytest.param(1e-4, "Replace it", "Replace it, or raise [parity] tolerance", id="small"),
    ],
)
def test_a_tolerance_is_advised_for_small_differences_alone(
    difference: float, advice: str, way_out: str
) -> None:
    table = Table(pd.DataFrame({"a": [1, 2, 3]}), pd.Series([0, 1, 2]))
    with pytest.raises(ParityError) as caught:
        parity.compare(
            NATIVE,
            NATIVE + np.float32(difference),
            tolerance=1e-5,
            dataset=table,
            advise=lambda _: advice,
        )
    assert way_out in str(caught.value)
    assert ("raise [parity]" in str(caught.value)) == ("raise [parity]" in way_out)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["native", "exported", "both"])
def test_an_answer_that_is_not_finite_is_no_parity(value: float, where: str) -> None:
    spoilt = NATIVE.copy()
    spoilt[2, 1] = value
    native = NATIVE if where == "exported" else spoilt
    exported = NATIVE if where == "native" else spoilt
    with pytest.raises(ParityError, match="row 3"):
        parity.compare(native, exported, tolerance=1e9)


def test_a_difference_of_values_is_relative_to_the_largest_output() -> None:
    prices = np.array([[200_000.0], [-400_000.0]], dtype=np.float32)
    exported = prices + np.array([[0], [0.5]], dtype=np.float32)
    scale = parity.scale_of(prices)
    assert scale == 400_000
    assert parity.compare(prices, exported, tolerance=1e-5, scale=scale) == 0.5 / 400_000
    with pytest.raises(ParityError, match=r"1\.25e-06 times the largest output \(400000\)"):
        parity.compare(prices, exported, tolerance=1e-6, scale=scale)


@pytest.mark.parametrize("outputs", [[[0.0]], [[np.nan]], []])
def test_outputs_of_nothing_have_a_scale(outputs: list[list[float]]) -> None:
    assert parity.scale_of(np.array(outputs, dtype=np.float32)) == 1


def test_a_miss_names_the_row_of_the_data_and_its_values_in_bounds() -> None:
    rows = pd.DataFrame({f"field_{i}": ["x" * 500] * 3 for i in range(30)}, index=[70, 80, 90])
    table = Table(rows, pd.Series([0, 1, 2], index=rows.index))
    exported = NATIVE + np.array([[0, 0], [0, 0], [0, 0.5]], dtype=np.float32)
    with pytest.raises(ParityError, match=r"For row 91 of the data \(field_0 = xxx") as caught:
        parity.compare(NATIVE, exported, tolerance=0.1, dataset=table)
    assert "and 22 more), the model returns 0 and the graph 0.5" in str(caught.value)
    assert len(str(caught.value)) < 900


def test_other_shapes_are_no_parity() -> None:
    with pytest.raises(ParityError, match=r"have shape \(3, 2\), the ONNX graph's \(3, 1\)"):
        parity.compare(NATIVE, NATIVE[:, :1], tolerance=1)


@pytest.mark.parametrize(
    ("difference", "labels", "loss"),
    [
        pytest.param(
            0.3, ("a", "b"), "0.6667 instead of 0.3333 on the test rows; 1 of 3 labels differ",
            id="of a lossy export",
        ),
        pytest.param(1e-5, ("a", "b"), "", id="of an exact one"),
        pytest.param(0.3, (), "", id="of a regressor"),
    ],
)  # fmt: skip
def test_the_accuracy_before_and_after_a_lossy_export_is_described(
    difference: float, labels: tuple[str, ...], loss: str
) -> None:
    native = np.array([[0.25, 0.75], [0.4, 0.6], [0.1, 0.9]], dtype=np.float32)
    exported = np.array([[0.25, 0.75], [0.6, 0.4], [0.1, 0.9]], dtype=np.float32)
    result = parity.ParityResult(difference, None, native)
    target = ["b", "a", "a"]
    assert parity.describe_loss(result, exported, labels, target, None) == loss


def test_a_loss_follows_the_threshold_of_the_answer() -> None:
    native = np.array([[0.25, 0.75], [0.4, 0.6]], dtype=np.float32)
    exported = np.array([[0.35, 0.65], [0.4, 0.6]], dtype=np.float32)
    result = parity.ParityResult(0.1, None, native)
    loss = parity.describe_loss(result, exported, ("0", "1"), [1.0, 0.0], Decision(1, 0.7))
    assert loss == "0.5000 instead of 1.0000 on the test rows; 1 of 2 labels differ"

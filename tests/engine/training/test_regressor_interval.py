"""The interval around an answer holds as many true values as it says it does."""

from itertools import pairwise

import numpy as np
import pytest
from modelserve.errors import TrainingError
from modelserve.manifest import OutputBounds
from modelserve.training.regressor import Regressor
from modelserve.training.sections import OutputSection

REGRESSOR = Regressor()
NINE = [10.0, 11, 12, 13, 14, 15, 16, 17, 28]


def calibrate(
    target: list[float], answer: float = 10, fallback: float = 14, **output: float
) -> OutputBounds:
    """Return the output bounds of a model that always gives the same answer."""
    answers = np.full((len(target), 1), answer, dtype=np.float32)
    return REGRESSOR.output_bounds(target, answers, (fallback,), OutputSection(**output))


@pytest.mark.parametrize(
    ("coverage", "half_width", "fallback_half_width"),
    [
        # Sorted, the errors are 0, 1, 2, 3, 4, 5, 6, 7 and 18; the fallback's 0, 1, 1, 2, 2, 3, 3,
        # 4 and 14. The rank is that of (9 + 1) * coverage, rounded up.
        pytest.param(0.9, 18, 14, id="the ninth"),
        pytest.param(0.8, 7, 4, id="the eighth"),
        pytest.param(0.75, 7, 4, id="rounded up to the eighth"),
        pytest.param(0.7, 6, 3, id="the seventh"),
        pytest.param(0.05, 0, 0, id="rounded up to the first"),
    ],
)
def test_the_half_width_is_the_error_of_its_rank(
    coverage: float, half_width: float, fallback_half_width: float
) -> None:
    interval = calibrate(NINE[::-1], coverage=coverage).interval
    assert interval is not None
    assert interval.model_dump() == {
        "coverage": coverage,
        "half_width": half_width,
        "fallback_half_width": fallback_half_width,
    }


def test_errors_in_both_directions_count_alike() -> None:
    below = [20 - value for value in NINE]
    assert calibrate(below, fallback=6) == calibrate(NINE)


@pytest.mark.parametrize(
    ("coverage", "needed"),
    [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.999, 999), (0.93, 14)],
)
def test_too_few_rows_are_reported_with_the_number_needed(coverage: float, needed: int) -> None:
    few = list(map(float, range(needed - 1)))
    if few:
        expected = (
            rf"{100 * coverage:g} % needs {needed} calibration rows, there are {needed - 1}; "
        )
        with pytest.raises(TrainingError, match=expected):
            calibrate(few, coverage=coverage)
    assert calibrate([*few, 1.0], coverage=coverage).interval is not None


def test_without_calibration_rows_there_is_no_interval() -> None:
    assert calibrate([], minimum=1, maximum=2) == OutputBounds(minimum=1, maximum=2)


def test_bounds_and_the_interval_are_independent() -> None:
    kept = calibrate(NINE, minimum=-1)
    assert (kept.minimum, kept.maximum) == (-1, None)
    assert kept.interval is not None


def test_more_coverage_takes_a_wider_interval() -> None:
    target = np.random.default_rng(2).normal(size=200).tolist()
    kept = [calibrate(target, coverage=share).interval for share in (0.5, 0.8, 0.9, 0.99)]
    widths = [interval.half_width for interval in kept if interval]
    assert len(widths) == 4
    assert all(narrow < wide for narrow, wide in pairwise(widths))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("rows", [19, 60])
def test_the_interval_covers_new_values_as_often_as_configured(coverage: float, rows: int) -> None:
    # On average over calibrations, the coverage is the rank's share of rows + 1: no less than
    # configured, and at most 1 / (rows + 1) more. Errors are skewed, and differ from row to row.
    random = np.random.default_rng(11)
    covered = []
    for _ in range(400):
        guess = random.uniform(1, 5, size=(2 * rows, 1)).astype(np.float32)
        truth = guess[:, 0] + random.exponential(size=2 * rows) * guess[:, 0]
        kept = REGRESSOR.output_bounds(
            truth[:rows].tolist(), guess[:rows], (5.0,), OutputSection(coverage=coverage)
        )
        assert kept.interval is not None
        errors = np.abs(truth[rows:] - guess[rows:, 0])
        covered.append(np.mean(errors <= kept.interval.half_width))
    error = np.std(covered) / np.sqrt(len(covered))
    assert coverage - 4 * error <= np.mean(covered) <= coverage + 1 / (rows + 1) + 4 * error

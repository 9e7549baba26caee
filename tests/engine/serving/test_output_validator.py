"""An answer must be finite and within its bounds before anyone sees it."""

import numpy as np
import pytest
from modelserve.manifest import OutputBounds
from modelserve.serving.output_validator import OutputValidator

FINE = [[0.25, 0.75], [1.0, 0.0]]


def scores(rows: list[list[float]]) -> np.ndarray:
    """Return answers as a model gives them."""
    return np.array(rows, dtype=np.float32)


def test_finite_answers_need_no_bounds() -> None:
    validity = OutputValidator(OutputBounds(), probabilities=False)
    assert validity.check(scores([*FINE, [3e38, -3e38]])) == ""
    assert validity.rows(scores(FINE)).tolist() == [True, True]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("guarantees", [OutputBounds(), OutputBounds(minimum=-1, maximum=1)])
def test_an_answer_that_is_not_finite_is_none(value: float, guarantees: OutputBounds) -> None:
    validity = OutputValidator(guarantees, probabilities=False)
    answers = scores([*FINE, [0.5, value]])
    assert validity.check(answers) == "the model's answer is not finite"
    assert validity.reasons(answers) == ["", "", "the model's answer is not finite"]


@pytest.mark.parametrize(
    ("guarantees", "values", "complaint"),
    [
        pytest.param(
            OutputBounds(minimum=0), [1, -0.5, 3e38], "answered -0.5, not 0 to inf", id="below"
        ),
        pytest.param(
            OutputBounds(maximum=9.5),
            [-3e38, 9.75, 1],
            "answered 9.75, not -inf to 9.5",
            id="above",
        ),
        pytest.param(
            OutputBounds(minimum=0, maximum=2), [0, 2.5, 2], "answered 2.5, not 0 to 2", id="both"
        ),
    ],
)
def test_an_answer_beyond_its_bounds_is_none(
    guarantees: OutputBounds, values: list[float], complaint: str
) -> None:
    validity = OutputValidator(guarantees, probabilities=False)
    answers = scores([[value] for value in values])
    assert validity.rows(answers).tolist() == [True, False, True]
    assert validity.check(answers) == f"the model {complaint}"
    assert validity.reasons(answers) == ["", f"the model {complaint}", ""]
    assert validity.check(answers[[0, 2]]) == ""


@pytest.fixture
def distributions() -> OutputValidator:
    """Return the validator of a classifier's outputs."""
    return OutputValidator(OutputBounds(), probabilities=True)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param([0.25, 0.75], id="usual"),
        pytest.param([1.0, 0.0], id="certain"),
        pytest.param([1.0000001, -1e-7], id="rounded"),
        pytest.param([1.0000017, -1.66893e-06], id="of 700 trees"),
        pytest.param([0.502, 0.49], id="of 8 bits"),
    ],
)
def test_probabilities_sum_to_one_but_for_their_rounding(
    distributions: OutputValidator, row: list[float]
) -> None:
    for answers in (scores([row]), scores([*FINE, row])):
        assert distributions.check(answers) == ""
        assert distributions.rows(answers).all()


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        pytest.param([1.2, -0.2], "the model answered a probability of -0.2", id="negative"),
        pytest.param([0.9, 0.9], "the model's probabilities sum to 1.8, not to 1", id="too much"),
        pytest.param(
            [0.25, 0.25], "the model's probabilities sum to 0.5, not to 1", id="too little"
        ),
        pytest.param([0.0, 0.0], "the model's probabilities sum to 0, not to 1", id="nothing"),
        pytest.param([np.nan, 1.0], "the model's answer is not finite", id="no number"),
        pytest.param([1.0, np.nan], "the model's answer is not finite", id="no number at the end"),
        pytest.param([np.inf, -np.inf], "the model's answer is not finite", id="infinite"),
        pytest.param([3e38, 3e38], "the model's probabilities sum to 6e+38, not to 1", id="huge"),
    ],
)
def test_what_is_no_distribution_is_invalid_in_its_row_only(
    distributions: OutputValidator, row: list[float], complaint: str
) -> None:
    assert distributions.check(scores([row])) == complaint
    answers = scores([FINE[0], row, FINE[1]])
    assert distributions.check(answers) == complaint
    assert distributions.reasons(answers) == ["", complaint, ""]

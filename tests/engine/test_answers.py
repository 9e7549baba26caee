"""A classifier's label and confidence are monitored, a regressor's value."""

import numpy as np
import pytest
from modelserve import answers


def test_the_likeliest_label_and_its_probability_are_observed() -> None:
    outputs = np.array([[0.25, 0.75], [0.5, 0.5], [1, 0]], dtype=np.float32)
    observed = answers.observe(outputs, ("no", "yes"))
    assert {name: values.tolist() for name, values in observed.items()} == {
        "label": ["yes", "no", "no"],
        "confidence": [0.75, 0.5, 1],
    }
    assert observed["label"].dtype == object
    assert observed["confidence"].dtype == np.float32


def test_only_an_observed_field_that_is_never_negative_is_averaged() -> None:
    observed = answers.observe(np.eye(2, dtype=np.float32), ("no", "yes"))
    assert answers.averaged(("no", "yes")) == ("confidence",)
    assert all((observed[name] >= 0).all() for name in answers.averaged(("no", "yes")))


def test_the_value_is_observed_and_not_averaged() -> None:
    observed = answers.observe(np.array([[1.5], [-2]], dtype=np.float32), ())
    assert {name: values.tolist() for name, values in observed.items()} == {"value": [1.5, -2]}
    assert observed["value"].dtype == np.float32
    assert not answers.averaged(())


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        pytest.param([[0.9, 0.1], [0.25, 0.75]], 9e-6, id="probabilities"),
        pytest.param([[400.0], [-18_000.0]], 0.18, id="large-values"),
        pytest.param([[3e-6], [1e-6]], 3e-11, id="small-values"),
        pytest.param([[0.0]], 1e-5, id="nothing-but-zero"),
    ],
)
def test_rounding_is_as_large_as_the_largest_output_has_it(
    outputs: list[list[float]], expected: float
) -> None:
    assert answers.rounding(outputs) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "label"),
    [("late ", "late "), (" late", "late"), ("", ""), (" ", ""), ("\tok", "\tok")],
)
def test_the_space_around_a_label_is_dropped_only_if_it_is_none_with_it(
    text: str, label: str
) -> None:
    assert answers.find_label(text, ("late ", "\tok")) == label


def test_no_outputs_give_empty_fields() -> None:
    observed = answers.observe(np.empty((0, 2), dtype=np.float32), ("no", "yes"))
    assert {name: values.tolist() for name, values in observed.items()} == {
        "label": [],
        "confidence": [],
    }
    assert answers.observe(np.empty((0, 1), dtype=np.float32), ())["value"].tolist() == []

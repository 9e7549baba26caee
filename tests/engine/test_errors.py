"""Another library's error becomes a part of a sentence."""

import pytest
from modelserve.errors import describe_error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ValueError("no\n  such plan."), "ValueError: no such plan", id="lines"),
        pytest.param(KeyError("age"), "KeyError: 'age'", id="a-key"),
        pytest.param(ValueError(), "ValueError", id="no-message"),
        pytest.param(ValueError("x" * 900), f"ValueError: {'x' * 288}", id="a-long-message"),
    ],
)
def test_an_error_is_one_line_without_a_full_stop(error: Exception, expected: str) -> None:
    assert describe_error(error) == expected

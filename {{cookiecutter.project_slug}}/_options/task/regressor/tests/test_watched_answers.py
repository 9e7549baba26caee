"""Of a regressor's answers, the value is watched."""

import numpy as np

from package import answers


def test_the_value_is_watched() -> None:
    observed = answers.observe(np.array([[1.5], [-2]], dtype=np.float32), ())
    assert {name: values.tolist() for name, values in observed.items()} == {"value": [1.5, -2]}
    assert observed["value"].dtype == np.float32


def test_nothing_is_averaged_for_a_value_may_be_negative() -> None:
    assert not answers.AVERAGED


def test_no_answer_has_nothing_to_watch() -> None:
    assert answers.observe(np.empty((0, 1), dtype=np.float32), ())["value"].tolist() == []

"""Of a classifier's answers, the likeliest label is watched, and how sure the model is of it."""

import numpy as np

from package import answers


def test_the_likeliest_label_and_its_probability_are_watched() -> None:
    given = np.array([[0.25, 0.75], [0.5, 0.5], [1, 0]], dtype=np.float32)
    observed = answers.observe(given, ("no", "yes"))
    assert {name: values.tolist() for name, values in observed.items()} == {
        "label": ["yes", "no", "no"],
        "confidence": [0.75, 0.5, 1],
    }
    assert observed["label"].dtype == object
    assert observed["confidence"].dtype == np.float32


def test_what_is_averaged_is_watched_and_never_negative() -> None:
    observed = answers.observe(np.eye(2, dtype=np.float32), ("no", "yes"))
    assert answers.AVERAGED == ("confidence",)
    assert all((observed[name] >= 0).all() for name in answers.AVERAGED)


def test_no_answer_has_nothing_to_watch() -> None:
    observed = answers.observe(np.empty((0, 2), dtype=np.float32), ("no", "yes"))
    assert {name: values.tolist() for name, values in observed.items()} == {
        "label": [],
        "confidence": [],
    }

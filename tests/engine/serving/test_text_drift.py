"""Of texts, lengths and shares are monitored: nothing from which a text could be recovered."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.artifact import Artifact
from modelserve.serving.text_inputs import TextInputs
from modelserve.training.text.texts import Texts

FAMILIES = ("sentiment",)

TEXTS = ["bom", "Bom, xyzzy xyzzy", "\N{GRINNING FACE}", "a\u0301gua " * 400, "bom bom bom ruim"]


@pytest.fixture
def inputs(trained: Artifact) -> TextInputs:
    """Return the texts' field."""
    return TextInputs(trained, max_text_length=20_000)


def gather(inputs: TextInputs, *texts: str) -> Any:
    """Return texts as they are decoded."""
    return inputs.gather([{"text": text} for text in texts])


@pytest.mark.parametrize(
    "slices",
    [
        pytest.param([TEXTS], id="together"),
        pytest.param([[text] for text in TEXTS], id="alone"),
        pytest.param([TEXTS[:2], TEXTS[2:3], TEXTS[3:]], id="mixed"),
    ],
)
def test_serving_watches_what_training_watches_however_texts_are_sent(
    inputs: TextInputs, trained: Artifact, slices: list[list[str]]
) -> None:
    dataset = Texts(pd.DataFrame({"text": TEXTS}), pd.Series(["?"] * len(TEXTS)))
    expected = dataset.observations(trained.paths)
    served = inputs.observe([gather(inputs, *texts) for texts in slices])
    assert list(served) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(served[name], values)
        assert served[name].dtype == values.dtype == np.float32
    assert served["characters"].tolist() == [len(text) for text in TEXTS]


def test_texts_in_tensors_are_watched_as_texts_in_rows(inputs: TextInputs) -> None:
    tensors = {"text": np.array(TEXTS, dtype=object)}
    one, other = inputs.gather_tensors(tensors), gather(inputs, *TEXTS)
    for name, values in inputs.observe([one]).items():
        np.testing.assert_array_equal(values, inputs.observe([other])[name])


def test_a_text_is_beyond_when_it_is_shorter_or_longer_than_any_in_training(
    inputs: TextInputs, trained: Artifact
) -> None:
    (feature,) = trained.manifest.features
    low, high = int(feature.minimum or 0), int(feature.maximum or 0)
    lengths = [high + 1, high, low, max(1, low - 1)]
    observed = inputs.observe([gather(inputs, *("x" * length for length in lengths))])
    assert inputs.out_of_range(observed).tolist() == [True, False, False, low > 1]


def test_nothing_that_is_watched_is_a_text(inputs: TextInputs) -> None:
    observed = inputs.observe([gather(inputs, *TEXTS)])
    assert set(observed) == {"characters", "tokens", "unknown_share", "distinct_share"}
    assert {values.dtype.kind for values in observed.values()} == {"f"}

"""Texts are watched by what serving watches them with, and none of their words is kept."""

from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.monitoring.text_inputs import CHUNK, CapturedTexts
from modelserve.serving.codec import JsonCodec

FAMILIES = ("sentiment",)


@pytest.fixture
def inputs(trained: Artifact) -> CapturedTexts:
    """Return what reads texts."""
    return CapturedTexts(trained)


def test_the_figures_are_those_of_the_service(
    inputs: CapturedTexts, trained: Artifact, held_out: Any
) -> None:
    rows = [row for row, _ in held_out]
    codec = JsonCodec(trained, max_rows=1_000)
    expected = codec.inputs.observe([codec.inputs.gather([row]) for row in rows])
    observed = inputs.observe(rows)
    assert len(rows) > CHUNK
    assert observed.keys() == expected.keys() == set(inputs.fields)
    for name, values in observed.items():
        assert values.tolist() == expected[name].tolist()


@pytest.mark.parametrize("value", ["[redacted]", None, "", 5, ["a"], ...], ids=str)
def test_what_is_no_text_is_left_out(
    inputs: CapturedTexts, row: dict[str, Any], value: Any
) -> None:
    (name,) = row
    other: dict[str, Any] = {} if value is ... else {name: value}
    both, alone = inputs.observe([row, other]), inputs.observe([row])
    assert {name: each.tolist() for name, each in both.items()} == {
        name: each.tolist() for name, each in alone.items()
    }


def test_no_row_is_nothing(inputs: CapturedTexts) -> None:
    assert {name: each.tolist() for name, each in inputs.observe([]).items()} == {
        name: [] for name in inputs.fields
    }


def test_the_range_is_that_of_the_characters(inputs: CapturedTexts, trained: Artifact) -> None:
    (feature,) = trained.manifest.features
    assert inputs.ranges == {
        "characters": (np.float32(feature.minimum), np.float32(feature.maximum))
    }

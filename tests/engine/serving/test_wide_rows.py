"""Rows of many fields: invalid ones are refused as fast as those of few."""

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.errors import InvalidInputError
from modelserve.serving.codec import JsonCodec

# Unbounded, the slowest took over 9 s; on an idle machine it takes a twentieth of one.
CPU_S = 4


@pytest.fixture
def wide(trained: Artifact) -> JsonCodec:
    """Return the codec of a model with many fields, for at most 256 rows."""
    feature = trained.manifest.features[0]
    features = tuple(feature.model_copy(update={"name": f"f{i}"}) for i in range(500))
    manifest = trained.manifest.model_copy(update={"features": features})
    return JsonCodec(replace(trained, manifest=manifest), max_rows=256)


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        pytest.param([{}] * 256, 100, id="empty"),
        pytest.param([{str(i): 1 for i in range(50_000)}], 100, id="unknown-fields"),
        pytest.param([[]] * 10_000, 1, id="too-many"),
        pytest.param([[]] * 200, 100, id="lists"),
    ],
)
def test_wide_rows_are_refused_at_once(wide: JsonCodec, rows: list[Any], problems: int) -> None:
    body = json.dumps({"instances": rows}).encode()
    started = time.process_time()
    with pytest.raises(InvalidInputError) as caught:
        wide.decode(body)
    assert time.process_time() - started < CPU_S
    assert len(caught.value.errors) == problems


def test_wide_rows_are_read(wide: JsonCodec) -> None:
    rows = [wide.inputs.example()] * 20
    call = wide.decode(json.dumps({"instances": rows}).encode())
    expected = wide.gather(rows)
    np.testing.assert_array_equal(call.tensors["features"], expected.tensors["features"])


def test_of_many_wrong_values_of_tensors_the_first_are_named(wide: JsonCodec) -> None:
    tensors = {"features": np.full((256, 500), np.nan, dtype=np.float32)}
    with pytest.raises(InvalidInputError) as caught:
        wide.inputs.gather_tensors(tensors)
    assert len(caught.value.errors) == 101

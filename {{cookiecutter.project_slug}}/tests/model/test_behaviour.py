"""Every row that the schema allows has a sensible answer, also where training saw nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.testing import edge_rows, out_of_range_rows
from modelserve.types import Outputs, Row, Rows

Predict = Callable[[Rows], Outputs]


def check(outputs: Outputs, manifest: Any, count: int) -> None:
    """Make sure of what is true of every output, whatever the model."""
    assert outputs.dtype == np.float32
    assert outputs.shape == (count, len(manifest.fallback))
    assert np.isfinite(outputs).all()
    if manifest.labels:
        assert (outputs >= 0).all()
        assert outputs.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-4)


@pytest.mark.parametrize("kind", ["golden", "edge", "out of range"])
def test_outputs_are_finite_and_of_the_right_shape(
    predict: Predict, artifact: Any, rows: Rows, row: Row, kind: str
) -> None:
    features = artifact.manifest.features
    chosen = {
        "golden": rows,
        "edge": edge_rows(features, row),
        "out of range": out_of_range_rows(features, row),
    }[kind]
    if not chosen:
        pytest.skip(f"the schema has no {kind} rows")
    check(predict(chosen), artifact.manifest, len(chosen))


def test_preprocess_leaves_a_clean_row_as_it_is(service: Any, rows: Rows) -> None:
    once = [dict(row) for row in service.preprocess(rows)]
    assert [dict(row) for row in service.preprocess(once)] == once

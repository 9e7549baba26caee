"""What another runtime answers."""

from typing import Any

import numpy as np
import pytest


def test_another_runtime_answers(
    predict: Any, graph: Any, post_rows: Any, artifact: Any, rows: Any
) -> None:
    expected = (graph(rows) + np.float32(artifact.manifest.fallback)) / 2
    assert predict(rows) == pytest.approx(expected, abs=1e-6)
    assert np.abs(predict(rows) - graph(rows)).max() > 0.1
    answers = post_rows(rows).json()["predictions"]
    assert [max(answer["probabilities"].values()) for answer in answers] == pytest.approx(
        expected.max(axis=1).tolist(), abs=1e-5
    )

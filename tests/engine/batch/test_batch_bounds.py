"""A value outside of a regressor's bounds is rejected, not answered."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.errors import ModelError
from modelserve.types import Outputs, Tensors

from tests.engine.batch.files import read, rejected, write_lines

FAMILIES = ("diabetes",)


class ConstantModel:
    """A model that repeats given values."""

    def __init__(self, *values: float) -> None:
        self._values = np.asarray(values, dtype=np.float32)[:, None]

    def run(self, tensors: Tensors) -> Outputs:
        """Return as many values as there are rows."""
        rows = len(next(iter(tensors.values())))
        return np.resize(self._values, (rows, 1))


@pytest.fixture
def bounded_batch(
    project: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> BatchPredictor:
    """Return a batch whose model exceeds the bounds 0 to 100 in every third row."""
    bounds = trained.manifest.output_bounds.model_copy(update={"minimum": 0.0, "maximum": 100.0})
    manifest = trained.manifest.model_copy(update={"output_bounds": bounds})
    service = project.service_class(
        project.load_settings(), artifact=replace(trained, manifest=manifest)
    )
    monkeypatch.setattr(service, "load_model", lambda *_, **__: ConstantModel(50, 50, 100.5))
    return BatchPredictor(service)


def test_rows_with_a_value_out_of_bounds_are_rejected(
    bounded_batch: BatchPredictor, row: Mapping[str, Any], tmp_path: Path, output: Path
) -> None:
    counts = bounded_batch.run(write_lines(tmp_path / "rows.jsonl", [row] * 6), output)

    assert (counts.answered, counts.rejected) == (4, 2)
    assert [each["row"] for each in read(output)] == [0, 1, 3, 4]
    problems = ["the model answered 100.5, not 0 to 100"]
    assert read(rejected(output)) == [
        {"row": number, "line": number + 1, "problems": problems} for number in (2, 5)
    ]


def test_a_request_with_a_value_out_of_bounds_fails(
    bounded_batch: BatchPredictor, row: Mapping[str, Any]
) -> None:
    body = json.dumps({"instances": [row] * 3}).encode()
    with pytest.raises(ModelError, match=r"answered 100\.5, not 0 to 100; look for values"):
        bounded_batch.answer(body, "id")


def test_answers_lie_in_their_interval(batch: BatchPredictor, trained: Artifact, row: Any) -> None:
    body = json.dumps({"instances": [row] * 3}).encode()
    interval = trained.manifest.output_bounds.interval
    assert interval
    half_width = interval.half_width
    for each in json.loads(batch.answer(body, "id"))["predictions"]:
        lower = each["value"] - half_width
        assert each["lower"] == pytest.approx(lower, rel=1e-5, abs=1e-4)
        assert each["upper"] == pytest.approx(each["value"] + half_width, rel=1e-5)

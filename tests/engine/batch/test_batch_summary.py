"""What was answered is counted in bounded memory."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.batch import BatchCounts, BatchPredictor
from modelserve.batch.summary import OTHER, SAMPLE, ValueSample

from tests.engine.batch.files import Row, read, write_csv, write_lines


def test_few_values_have_exact_quantiles() -> None:
    sample = ValueSample()
    for part in np.array_split(np.arange(1001, dtype=float), 7):
        sample.add(part)
    assert sample.quantiles() == {0.05: 50, 0.25: 250, 0.5: 500, 0.75: 750, 0.95: 950}
    assert (sample.minimum, sample.maximum) == (0, 1000)


def test_many_values_have_close_quantiles_whatever_their_order() -> None:
    count = 40 * SAMPLE
    values = np.arange(count, dtype=float)
    for ordered in (values, values[::-1], np.random.default_rng(3).permutation(values)):
        sample = ValueSample()
        for part in np.array_split(ordered, 100):
            sample.add(part)
        for at, value in sample.quantiles().items():
            assert value / count == pytest.approx(at, abs=0.02)
        assert (sample.minimum, sample.maximum) == (0, count - 1)


def test_no_values_have_no_quantiles() -> None:
    sample = ValueSample()
    sample.add(np.array([]))
    assert sample.quantiles() == {}


def test_labels_and_rows_out_of_range_are_counted(
    batch: BatchPredictor, trained: Artifact, tmp_path: Path, output: Path
) -> None:
    feature = trained.manifest.features[0]
    assert feature.maximum is not None
    near = {each.name: each.example for each in trained.manifest.features}
    far = near | {feature.name: feature.maximum + 1}
    counts = batch.run(write_csv(tmp_path / "rows.csv", [near, far, near, far]), output)
    labels = [each["label"] for each in read(output)]
    assert counts.labels == {name: labels.count(name) for name in {*labels}}
    assert counts.out_of_range == 2
    assert counts.rows_per_second > 0


def test_answers_of_postprocess_are_what_is_counted(
    project: Project, trained: Artifact, row: Row, tmp_path: Path, output: Path
) -> None:
    known = trained.manifest.labels[0]

    class Stubborn(project.service_class):  # type: ignore[misc,name-defined]
        def postprocess(self, predictions: Any, rows: Any) -> Any:
            return [{"label": known}, {"label": "another"}, {}][: len(rows)]

    service = Stubborn(project.make_service(trained.folder).settings)
    counts = BatchPredictor(service).run(write_lines(tmp_path / "rows.jsonl", [row] * 3), output)
    assert counts.labels == {known: 1, OTHER: 2}


def test_values_of_postprocess_that_are_no_numbers_are_not_counted() -> None:
    counts = BatchCounts()
    counts.add([1.0, None, "two", 3], ())
    assert (counts.answered, counts.values.count) == (4, 2)


def test_whoever_watches_is_told_how_far_it_is(
    batch: BatchPredictor, rows: list[Row], tmp_path: Path, output: Path
) -> None:
    seen: list[tuple[int, float | None]] = []
    draw = random.Random(1)
    source = write_csv(tmp_path / "rows.csv", draw.choices(rows, k=20_000))
    batch.run(source, output, watch=lambda counts, share: seen.append((counts.answered, share)))
    shares = [share for _, share in seen if share is not None]
    assert [answered for answered, _ in seen] == list(range(1000, 20_001, 1000))
    assert shares == sorted(shares)
    assert shares[-1] == 1

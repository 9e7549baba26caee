"""The background rows are training rows that stand for all of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training.background import background_file, choose_rows
from modelserve.training.config import Config
from modelserve.training.splits import load_splits

FAMILIES = ("iris", "diabetes")


def write(project: Project, config: Config, trained: Artifact, **changes: Any) -> Any:
    """Return the content of the file for other settings; None without one."""
    section = config.reference.model_copy(update=changes)
    training = load_splits(project, config).training
    outputs = np.random.default_rng(0).random((len(training), len(trained.manifest.fallback)))
    files = background_file(
        training,
        outputs.astype(np.float32),
        trained.manifest,
        config.model_copy(update={"reference": section}),
    )
    content: Any = files.get(artifact.BACKGROUND)
    return content if content is None else json.loads(content)


def test_an_artifact_has_rows_of_its_training_data(
    project: Project, config: Config, trained: Artifact
) -> None:
    rows = trained.read_json(artifact.BACKGROUND)
    training = load_splits(project, config).training.rows
    assert len(rows) == config.reference.background_rows
    known = json.loads(training.to_json(orient="records", double_precision=15))
    assert all(row in known for row in rows)
    assert artifact.BACKGROUND in trained.manifest.files


def test_their_number_is_configured(project: Project, config: Config, trained: Artifact) -> None:
    assert len(write(project, config, trained, background_rows=3)) == 3
    assert write(project, config, trained, background_rows=0) is None


def test_there_are_no_more_than_training_rows(
    project: Project, config: Config, trained: Artifact
) -> None:
    training = load_splits(project, config).training
    rows = write(project, config, trained, background_rows=len(training) + 10)
    assert len(rows) == len(training)


def test_texts_need_none(
    project: Project, config: Config, trained: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature = trained.manifest.features[0].model_copy(update={"dtype": "text"})
    texts = trained.manifest.model_copy(update={"features": (feature,)})
    assert write(project, config, artifact.Artifact(Path(), texts)) is None


def test_the_rows_stand_at_equal_steps_along_the_outputs() -> None:
    outputs = np.arange(100, dtype=np.float32)[:, None][::-1]
    chosen = choose_rows(outputs, 4, seed=1)
    assert outputs[chosen, 0].tolist() == [12, 37, 62, 87]


def test_each_label_has_its_share_of_the_rows() -> None:
    outputs = np.repeat(np.eye(3, dtype=np.float32), [60, 30, 10], axis=0)
    labels = outputs[choose_rows(outputs, 10, seed=1)].argmax(axis=1)
    assert np.bincount(labels).tolist() == [6, 3, 1]


def test_rows_with_equal_outputs_are_chosen_by_the_seed() -> None:
    outputs = np.ones((50, 1), dtype=np.float32)
    first, again, other = (choose_rows(outputs, 5, seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 5

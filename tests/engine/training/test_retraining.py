"""A model is trained again over its artifact, on other rows than the last time."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.training import train
from modelserve.training.config import Config
from modelserve.training.evidence.changes import compare_models
from modelserve.training.reporter import Reporter

from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "iris_xgboost", "diabetes_xgboost", "sentiment")


def test_a_model_of_other_rows_takes_the_place_of_the_last(
    trained: Artifact, project: Project, config: Config, tmp_path: Path
) -> None:
    output = Path(shutil.copytree(trained.folder, tmp_path / "model"))
    rows = pd.read_csv(config.data.path)
    path = tmp_path / "rows.csv"
    rows.sample(frac=0.9, random_state=1).to_csv(path, index=False)
    fewer = config.model_copy(update={"data": config.data.model_copy(update={"path": path})})
    sentences: list[str] = []

    retrained = train.train(
        project, fewer, output, reporter=Reporter(show_difference=sentences.extend)
    )

    manifest = retrained.artifact.manifest
    assert manifest.data.training_rows < trained.manifest.data.training_rows
    assert sentences[0].startswith(f"other data: {manifest.data.training_rows} training rows")
    difference = retrained.artifact.read_json("evaluation.json")["difference"]
    assert set(difference["labels"]) == set(manifest.labels)
    assert set(difference["metrics"]) == set(manifest.metrics)


def test_a_model_of_another_task_is_compared_with_the_last(
    families: Callable[[str], Family], trained: Artifact
) -> None:
    for name in FAMILIES:
        other = families(name).artifact
        difference = compare_models(other, trained.manifest, {})
        if other.manifest.version == trained.manifest.version:
            assert difference is None
        else:
            assert difference
            assert difference.summary
            common = {*other.manifest.labels} & {*trained.manifest.labels}
            values = other.manifest.task == trained.manifest.task == "regressor"
            assert set(difference.labels) == common
            assert bool(difference.metrics) == (values or bool(common))

"""The artifact is as good as it says, and good enough."""

import math
from pathlib import Path

import pytest

from package.artifact import Artifact
from package.training import data, train
from package.training.config import Config
from package.training.parts import split


def test_the_rows_held_back_give_the_manifests_metrics_and_pass_the_gate(
    found: Artifact, config: Config, tmp_path: Path
) -> None:
    held_back = split(data.load(config.data), config.data, config.seed).test
    table = tmp_path / "held_back.csv"
    held_back.rows.assign(**{config.data.target: held_back.target}).to_csv(table, index=False)

    verdicts, metrics = train.evaluate_artifact(found, table, config)

    assert metrics == pytest.approx(found.manifest.metrics, rel=1e-6)
    assert [each for each in verdicts if not each.passed] == []
    assert len(verdicts) == len(config.gate.minimum) + len(config.gate.maximum) > 0


def test_all_the_data_together_give_sensible_metrics(found: Artifact, config: Config) -> None:
    verdicts, metrics = train.evaluate_artifact(found, config.data.path, config)
    assert metrics.keys() == found.manifest.metrics.keys()
    assert all(map(math.isfinite, metrics.values()))
    assert [each for each in verdicts if not each.passed] == []


def test_the_graph_is_as_near_to_its_model_as_it_must_be(found: Artifact, config: Config) -> None:
    assert 0 <= found.manifest.parity <= config.parity.tolerance

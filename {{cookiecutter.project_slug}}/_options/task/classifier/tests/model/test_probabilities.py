"""A classifier answers with probabilities of labels that it knows."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.artifact import Artifact
from package.batch import Batch
from package.training.config import Config
from package.training.train import evaluate_artifact

Answer = Callable[..., np.ndarray]


def test_probabilities_lie_between_none_and_all_and_sum_to_one(
    answer: Answer, inputs: list[dict[str, Any]]
) -> None:
    outputs = answer(inputs)
    assert ((outputs >= 0) & (outputs <= 1)).all()
    assert outputs.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_there_is_one_probability_for_each_label(found: Artifact, answer: Answer, row: Any) -> None:
    labels = found.manifest.labels
    assert answer([row]).shape == (1, len(labels))
    assert len(set(labels)) == len(labels) >= 2


def test_the_prior_is_a_distribution(found: Artifact) -> None:
    prior = found.manifest.prior
    assert len(prior) == len(found.manifest.labels)
    assert min(prior) > 0
    assert sum(prior) == pytest.approx(1)


def test_the_label_is_a_known_one_and_the_likeliest(
    found: Artifact, inputs: list[dict[str, Any]]
) -> None:
    body = json.dumps({"instances": inputs}).encode()
    predictions = json.loads(Batch(found).answer(body, "id"))["predictions"]
    for prediction in predictions:
        probabilities = prediction["probabilities"]
        assert tuple(probabilities) == found.manifest.labels
        assert prediction["label"] == max(probabilities, key=probabilities.__getitem__)


def test_the_model_beats_guessing_the_commonest_label(found: Artifact, config: Config) -> None:
    _, metrics = evaluate_artifact(found, config.data.path, config)
    assert metrics["accuracy"] > max(found.manifest.prior)

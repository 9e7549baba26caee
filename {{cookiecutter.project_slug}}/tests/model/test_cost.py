"""The model is no larger than it may be; how long it takes is told at the end of the tests."""

import math
from collections.abc import Callable
from typing import Any

from package import artifact
from package.artifact import Artifact
from package.serving.codec import JsonCodec
from package.serving.runtime import load_model, measure_ms
from package.training.config import Config


def test_the_artifact_is_no_larger_than_it_may_be(found: Artifact, config: Config) -> None:
    files = [path for path in found.folder.iterdir() if path.name != artifact.MANIFEST]
    size_bytes = sum(path.stat().st_size for path in files)
    assert size_bytes == found.manifest.size_bytes <= config.limits.size_bytes


def test_the_time_of_a_prediction_is_told_beside_its_budget(
    found: Artifact,
    config: Config,
    row: dict[str, Any],
    record_property: Callable[[str, object], None],
) -> None:
    codec = JsonCodec(found, max_rows=1)
    took_ms = measure_ms(load_model(found), codec.gather([row]).feeds)

    record_property("prediction_ms", took_ms)
    record_property("budget_ms", config.limits.prediction_ms)

    # A busy machine is no fault of the model's: being over the budget is told, and no failure.
    assert 0 < took_ms < math.inf

"""How sure a model is, beside how sure it was in training."""

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Manifest
from modelserve.monitoring.confidence import compare_confidence
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.counts import FieldCounts, Moments
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.performance import Confidence

REFERENCE = {"confidence": {"edges": [0.8], "counts": [40, 60], "missing": 0}}


@pytest.fixture
def manifest(trained: Artifact) -> Manifest:
    """Return a model's manifest with other figures."""
    figures = {"mean_confidence": 0.85}
    return trained.manifest.model_copy(update={"metrics": figures})


def expected(moments: Moments, manifest: Manifest, bounds: MonitoringConfig) -> Confidence | None:
    """Return what is said of confidences with these moments."""
    outputs = {"confidence": FieldCounts(np.zeros(3, dtype=np.int64), moments)}
    return compare_confidence(outputs, REFERENCE, manifest, bounds.quality, bounds.drift)


@pytest.mark.parametrize(
    ("mean", "deviation", "rows", "verdict"),
    [
        pytest.param(0.85, 0.1, 500, Verdict.OK, id="as-in-training"),
        pytest.param(0.76, 0.1, 500, Verdict.OK, id="within-the-bound"),
        pytest.param(0.74, 0.1, 500, Verdict.VIOLATION, id="below"),
        pytest.param(0.74, 0.3, 50, Verdict.OK, id="below-by-chance-perhaps"),
        pytest.param(0.5, 0.1, 49, Verdict.TOO_FEW, id="too-few"),
        pytest.param(0.5, 0.0, 50, Verdict.VIOLATION, id="all-alike"),
        pytest.param(0.85, 0.0, 50, Verdict.OK, id="all-alike-and-as-sure"),
    ],
)
def test_confidence_may_not_fall_by_more_than_chance(
    manifest: Manifest,
    bounds: MonitoringConfig,
    *,
    mean: float,
    deviation: float,
    rows: int,
    verdict: Verdict,
) -> None:
    moments = Moments.of(rows, mean, deviation**2 * (rows - 1), 0, 1)
    actual = expected(moments, manifest, bounds)
    assert actual
    assert (actual.rows, actual.mean, actual.training, actual.verdict) == (
        rows,
        mean,
        0.85,
        verdict,
    )
    assert actual.bound == pytest.approx(0.75)


def test_confidence_without_training_s_is_reported_and_not_judged(
    manifest: Manifest, bounds: MonitoringConfig
) -> None:
    before = manifest.model_copy(update={"metrics": {}})
    actual = expected(Moments.of(100, 0.3, 1, 0, 1), before, bounds)
    assert actual
    assert (actual.mean, actual.bound, actual.verdict) == (0.3, None, Verdict.INFORMATIVE)


def test_where_no_confidence_was_kept_there_is_none(
    manifest: Manifest, bounds: MonitoringConfig
) -> None:
    assert expected(Moments(), manifest, bounds) is None


def test_a_regressor_does_not_say_how_sure_it_is(
    manifest: Manifest, bounds: MonitoringConfig
) -> None:
    assert compare_confidence({}, {}, manifest, bounds.quality, bounds.drift) is None

"""How two models' outputs are compared."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.manifest import Manifest
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.serving.shadow.shadow_metrics import REASONS, ShadowMetrics, value_buckets

from tests.engine.serving.shadow.conftest import VERSION

FAMILIES = ("iris", "diabetes")


def outputs(*rows: tuple[float, ...]) -> Any:
    """Return outputs, a row each."""
    return np.asarray(rows, dtype=np.float32)


def make_metrics(series: MetricsRegistry, champion: Manifest, **changes: Any) -> ShadowMetrics:
    """Return the metrics of a challenger like the champion, with changes."""
    challenger = champion.model_copy(update={"version": VERSION} | changes)
    return ShadowMetrics(series, champion, challenger)


def test_labels_and_probabilities_are_compared(
    series: MetricsRegistry, families: Callable[[str], Any], figures: Any
) -> None:
    metrics = make_metrics(series, families("iris").artifact.manifest)
    metrics.compare(
        outputs((0.6, 0.3, 0.1), (0.5, 0.4, 0.1), (0.2, 0.2, 0.6)),
        outputs((0.6, 0.3, 0.1), (0.4, 0.5, 0.1), (0.1, 0.2, 0.7)),
    )
    exposed = figures(series.expose().decode())

    assert exposed("model_challenger_rows_total", challenger=VERSION) == [3]
    assert exposed("model_challenger_agreeing_total", challenger=VERSION) == [2]
    buckets = exposed.by("le", "model_challenger_difference_bucket")
    assert (buckets["0.001"], buckets["0.05"], buckets["0.2"], buckets["+Inf"]) == (1, 1, 3, 3)


def test_each_model_decides_by_its_own_threshold(
    series: MetricsRegistry, families: Callable[[str], Any], figures: Any
) -> None:
    binary = families("iris").artifact.manifest.model_copy(
        update={"labels": ("no", "yes"), "positive": "yes", "threshold": 0.5}
    )
    metrics = make_metrics(series, binary, threshold=0.2)
    same = outputs((0.7, 0.3), (0.9, 0.1), (0.1, 0.9))
    metrics.compare(same, same)

    assert figures(series.expose().decode())("model_challenger_agreeing_total") == [2]


def test_values_are_compared_in_shares_of_the_error(
    series: MetricsRegistry, families: Callable[[str], Any], figures: Any
) -> None:
    champion = families("diabetes").artifact.manifest
    metrics = make_metrics(series, champion)
    error = champion.metrics["mae"]
    metrics.compare(outputs((1,), (2,)), outputs((1,), (2 + 1.5 * error,)))
    exposed = figures(series.expose().decode())

    assert exposed("model_challenger_rows_total") == [2]
    assert exposed("model_challenger_agreeing_total") == []
    buckets = [*exposed.by("le", "model_challenger_difference_bucket").values()]
    assert buckets == [1] * 7 + [2] * 4


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        pytest.param({"metrics": {"mae": 2.0}}, 0.02, id="error"),
        pytest.param({"metrics": {}, "fallback": (-300.0,)}, 3.0, id="without-an-error"),
        pytest.param({"metrics": {"mae": 0.0}, "fallback": (0.0,)}, 0.01, id="without-any-size"),
    ],
)
def test_buckets_have_the_size_of_the_target(
    families: Callable[[str], Any], changes: dict[str, Any], first: float
) -> None:
    champion = families("diabetes").artifact.manifest.model_copy(update=changes)
    buckets = value_buckets(champion)
    assert buckets[0] == first
    assert buckets == sorted(set(buckets))


def test_every_series_begins_at_zero(
    series: MetricsRegistry, trained: Artifact, figures: Any
) -> None:
    make_metrics(series, trained.manifest)
    exposed = figures(series.expose().decode())

    assert exposed.by("reason", "model_challenger_uncompared_total") == dict.fromkeys(REASONS, 0)
    assert exposed("model_challenger_rows_total", version=trained.manifest.version) == [0]


def test_seconds_are_those_of_a_row(
    series: MetricsRegistry, trained: Artifact, figures: Any
) -> None:
    metrics = make_metrics(series, trained.manifest)
    metrics.count_seconds(0.5, 10)
    metrics.count_seconds(0.1, 2)
    exposed = figures(series.expose().decode())

    assert exposed("model_challenger_seconds_count") == [12]
    assert exposed("model_challenger_seconds_sum") == [pytest.approx(0.6)]

"""Counts survive a swap: each version keeps its own, in one valid exposition."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.errors import ConfigurationError
from modelserve.serving import observers
from modelserve.serving.generation import Generation
from modelserve.serving.metric_families import RETIRED
from modelserve.serving.metrics_registry import MetricsRegistry

from tests.engine.serving.reloading.conftest import SwappedService

Start = Callable[..., SwappedService]
Figures = Callable[[str], Any]


def scrape(service: SwappedService, figures: Figures) -> Any:
    """Return what the service exposes."""
    text = service.client.get("/metrics").text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert max(Counter(names).values()) == 1, "a family is exposed twice"
    samples = [line.rpartition(" ")[0] for line in text.splitlines() if line[0] != "#"]
    assert max(Counter(samples).values()) == 1, "a series is exposed twice"
    return figures(text)


def test_counts_of_the_version_before_stay(swapped: Start, figures: Figures) -> None:
    service = swapped()
    for _ in range(3):
        service.predict()
    service.save("2.0")
    service.reload()
    service.predict()
    exposed = scrape(service, figures)
    assert exposed.by("version", "model_rows_total") == {"1.0": 3, "2.0": 1}
    assert exposed.by("version", "model_info") == {"2.0": 1}
    assert exposed.by("version", "model_reloads_total", result="loaded")["2.0"] == 1
    assert set(exposed.by("version", "model_reference_observations")) == {"2.0"}
    observed = [
        sum(exposed("model_observations_total", kind="output", version=version))
        for version in ("1.0", "2.0")
    ]
    assert observed[0] == 3 * observed[1] > 0


def test_a_rollback_continues_the_counts(swapped: Start, figures: Figures) -> None:
    service = swapped()
    service.predict()
    for version in ("2.0", "1.0"):
        service.save(version, shift=int(version == "2.0"))
        service.reload()
        service.predict()
    exposed = scrape(service, figures)
    assert exposed.by("version", "model_rows_total") == {"1.0": 2, "2.0": 1}
    assert exposed.by("version", "model_info") == {"1.0": 1}


def test_a_version_that_has_not_closed_yet_is_counted(
    swapped: Start, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observers, "PAUSE_S", 2)
    monkeypatch.setattr(Generation, "close", lambda _: time.sleep(2))
    service = swapped()
    service.predict()
    service.save("2.0")
    service.reload()
    exposed = scrape(service, figures)
    assert exposed.by("version", "model_rows_total") == {"1.0": 1, "2.0": 0}
    assert sum(exposed("model_observations_total", kind="output", version="1.0")) > 0


def test_a_bounded_number_of_versions_is_exposed(swapped: Start, figures: Figures) -> None:
    service = swapped()
    versions = [f"{number}.0" for number in range(2, RETIRED + 5)]
    for number, version in enumerate(versions):
        service.predict()
        service.save(version, shift=number % 2)
        service.reload()
    exposed = scrape(service, figures)
    kept = {each.labels["version"] for each in exposed.samples}
    assert kept == set(versions[-RETIRED - 1 :])


def test_models_with_other_buckets_share_a_family(trained: Artifact, figures: Figures) -> None:
    other = trained.manifest.model_copy(update={"version": "9"})
    first = MetricsRegistry(trained.manifest)
    first.distribution("d", "D.", buckets=[1, 2])().observe(1.5)
    second = MetricsRegistry(other, first)
    second.distribution("d", "D.", buckets=[10])().observe(5)
    second.activate()
    text = second.expose().decode()
    assert text.count("# TYPE d histogram") == 1
    exposed = figures(text)
    assert exposed.by("le", "d_bucket", version="9") == {"10.0": 1, "+Inf": 1}
    assert len(exposed("d_bucket", version=trained.manifest.version)) == 3


def test_a_model_that_was_not_served_leaves_no_series(trained: Artifact, figures: Figures) -> None:
    first = MetricsRegistry(trained.manifest)
    first.counter("pears", "Pears.")().inc()
    second = MetricsRegistry(trained.manifest.model_copy(update={"version": "9"}), first)
    second.counter("pears", "Pears.")().inc()
    second.discard()
    assert figures(first.expose().decode()).by("version", "pears_total") == {
        trained.manifest.version: 1
    }
    same = MetricsRegistry(trained.manifest, first)
    same.discard()
    assert figures(first.expose().decode())("pears_total") == [1]


def test_a_metric_is_created_once_for_a_model(trained: Artifact) -> None:
    registry = MetricsRegistry(trained.manifest)
    registry.counter("pears", "Pears.")
    with pytest.raises(ConfigurationError, match="There is a metric pears already"):
        registry.counter("pears", "Pears.")


def test_feedback_is_counted_for_the_version_that_answered(
    swapped: Start, figures: Figures, truth: dict[str, Any]
) -> None:
    service = swapped()
    early = [service.predict()["inference_id"] for _ in range(3)]
    service.save("2.0")
    service.reload()
    late = [service.predict()["inference_id"] for _ in range(2)]
    outcomes = [{"inference_id": each, **truth} for each in (*early, *late, early[0], "unknown")]
    answer = service.client.post("/feedback", json={"outcomes": outcomes}).json()
    assert (answer["counted"], answer["duplicate"], answer["unknown"]) == (5, 1, 1)
    exposed = scrape(service, figures)
    counted = exposed.by("version", "model_feedback_total", status="counted")
    assert counted == {"1.0": 3, "2.0": 2}
    by_version = [
        sum(exposed("model_outcomes_total", version=version)) for version in ("1.0", "2.0")
    ]
    assert by_version == [3, 2]


def test_the_predictions_of_old_versions_are_forgotten_in_the_end(swapped: Start) -> None:
    service = swapped(feedback_rows=4)
    service.save("2.0")
    service.reload()
    for _ in range(10):
        service.predict()
    service.app.components.log_queue.flush()
    service.predict()
    service.app.components.log_queue.flush()
    assert service.app.components.feedback.predecessor is None


def test_captures_name_the_version_that_answered(swapped: Start, tmp_path: Path) -> None:
    service = swapped(capture_dir=tmp_path / "captures")
    service.predict()
    service.save("2.0")
    service.reload()
    service.predict()
    service.stop()
    paths = sorted((tmp_path / "captures").rglob("*.jsonl"))
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 2
    assert {version for version in ("1.0", "2.0") for line in lines if version in line} == {
        "1.0",
        "2.0",
    }

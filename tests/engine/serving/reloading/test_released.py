"""A replaced generation is released: no model, thread, file or series of it stays."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelserve.artifact import Artifact
from modelserve.serving.generation import Generation
from modelserve.serving.metric_families import RETIRED
from modelserve.serving.metrics_registry import MetricsRegistry

from tests.engine.model_variants import save_variant
from tests.engine.serving.reloading.conftest import PATIENCE_S, SwappedService, until

FAMILIES = ("iris", "sentiment")
WARM_UP, SWAPS = 5, 10  # the first ones fill what is bounded
DESCRIPTORS = Path("/proc/self/fd")

Start = Callable[..., SwappedService]


def open_files() -> int:
    """Return the number of the process's file descriptors; 0 where it cannot be known."""
    return len([*DESCRIPTORS.iterdir()]) if DESCRIPTORS.is_dir() else 0


def swap(service: SwappedService, number: int) -> None:
    """Serve another version, and ask it for all that a generation starts on demand."""
    service.save(f"{number}.0", shift=number % 2)
    assert service.reload().result == "loaded"
    service.predict(explain=True)
    assert service.client.get("/openapi.json").status_code == 200


def released(references: list[weakref.ref[Any]]) -> bool:
    """Return whether none of some objects lives."""
    gc.collect()
    return not any(each() for each in references)


def test_a_replaced_generation_and_its_model_are_released(swapped: Start) -> None:
    service = swapped(execution="threads", threads=1)
    service.predict(explain=True)
    service.client.get("/openapi.json")
    gone: list[weakref.ref[Any]] = []
    for number in range(2, 5):
        generation = service.app.generation
        model = vars(generation.components.predictor)["_model"]
        gone += map(weakref.ref, (generation, generation.components, model))
        del generation, model
        swap(service, number)
    until(service.drained)
    until(lambda: released(gone))


def test_many_swaps_leave_no_thread_no_file_and_no_generation(
    swapped: Start, trained: Artifact, tmp_path: Path
) -> None:
    challenger = save_variant(trained, tmp_path / "challenger", "9.0", shift=0).folder
    service = swapped(
        execution="threads",
        threads=1,
        challenger_dir=challenger,
        challenger_percentage=100,
        capture_dir=tmp_path / "captures",
        ground_truth_dir=tmp_path / "truths",
    )

    def count() -> dict[str, int]:
        until(service.drained)
        gc.collect()
        scrapes = [service.client.get("/metrics").text for _ in range(2)]  # the first one counts
        return {
            "generations": sum(isinstance(each, Generation) for each in gc.get_objects()),
            "threads": sum(not each.name.startswith("asyncio") for each in threading.enumerate()),
            "files": open_files(),
            "copies": len([*vars(service.reloader)["_snapshots"]._folder.iterdir()]),
            "series": len(scrapes[-1].splitlines()),
        }

    for number in range(2, 2 + WARM_UP):
        swap(service, number)
    before = count()
    for number in range(2 + WARM_UP, 2 + WARM_UP + SWAPS):
        swap(service, number)
    deadline = time.monotonic() + PATIENCE_S  # threads end a moment later
    while (after := count()) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert after == before


def test_metrics_with_buckets_of_their_own_are_released_with_their_version(
    trained: Artifact,
) -> None:
    registry = MetricsRegistry(trained.manifest)
    registry.distribution("d", "D.", buckets=[1, 2])().observe(1)
    families = vars(registry)["_families"]
    for number in range(2 * RETIRED + 2):
        version = trained.manifest.model_copy(update={"version": f"{number}"})
        registry = MetricsRegistry(version, registry)
        registry.distribution("d", "D.", buckets=[number + 10])().observe(number)
        registry.activate()
    assert len(vars(families)["_metrics"]["d"]) == RETIRED + 2  # and the one that is registered
    assert registry.expose().decode().count("d_sum{") == RETIRED + 1

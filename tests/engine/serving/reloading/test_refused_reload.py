"""An artifact that cannot be served is refused for a reason, and changes nothing."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Service
from modelserve.artifact import GOLDEN, MODEL, Artifact, sha256
from modelserve.serving.metrics_registry import MetricsRegistry
from modelserve.types import Model

from tests.engine.model_variants import break_manifest, save_variant
from tests.engine.serving.conftest import KeptMessages
from tests.engine.serving.reloading.conftest import SwappedService

Start = Callable[..., SwappedService]


def with_other_answers(folder: Path, trained: Artifact) -> None:
    """Save a graph whose golden cases are another one's."""
    other = save_variant(trained, folder.with_name("other"), "2.0", shift=1)
    save_variant(trained, folder, "2.0", shift=2)
    shutil.copy(other.folder / GOLDEN, folder / GOLDEN)
    break_manifest(folder, files={**trained.manifest.files, **hashes(folder)})


def hashes(folder: Path) -> dict[str, str]:
    """Return the hashes of a folder's files, whatever its manifest says."""
    return {name: sha256(folder / name) for name in (GOLDEN, MODEL)}


def first_renamed(trained: Artifact) -> list[dict[str, Any]]:
    """Return the features, the first one under another name."""
    first, *others = [each.model_dump(mode="json") for each in trained.manifest.features]
    return [first | {"name": "other"}, *others]


def remove(path: Path) -> None:
    """Remove a file, or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


BAD: dict[str, tuple[Callable[[Path, Artifact], object], str]] = {
    "changed graph": (lambda f, _: (f / MODEL).write_bytes(b"x"), "model.onnx: its SHA-256"),
    "missing graph": (lambda f, _: remove(f / MODEL), "model.onnx: missing"),
    "no JSON": (lambda f, _: (f / "manifest.json").write_text("{"), "cannot be read"),
    "empty manifest": (lambda f, _: (f / "manifest.json").write_bytes(b""), "missing"),
    "no manifest": (lambda f, _: remove(f / "manifest.json"), "manifest.json is missing"),
    "no folder": (lambda f, _: remove(f), "manifest.json is missing"),
    "contradiction": (lambda f, _: break_manifest(f, fallback=[1.0]), "contradicts itself"),
    "other name": (lambda f, _: break_manifest(f, name="other"), "'other' is another model"),
    "other labels": (lambda f, _: break_manifest(f, labels=["a", "b", "c"]), "its labels differ"),
    "other features": (
        lambda f, trained: break_manifest(f, features=first_renamed(trained)),
        "; new: 'other')",
    ),
    "other answers": (with_other_answers, "first case in golden.json"),
    "link to elsewhere": (
        lambda f, _: ((f / MODEL).unlink(), (f / MODEL).symlink_to("/etc/hostname")),
        "model.onnx: missing",
    ),
}

UNREADABLE = ("no JSON", "empty manifest", "no manifest", "no folder")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_artifact_is_refused_and_changes_nothing(
    swapped: Start, kind: str, caplog: pytest.LogCaptureFixture, figures: Any
) -> None:
    service = swapped()
    generation, threads = service.app.generation, threading.active_count()
    ready = service.client.get("/health/ready").json()
    before = service.probabilities()
    service.save("2.0")
    spoil, reason = BAD[kind]
    spoil(service.folder, service.trained)
    outcome = service.reload()
    assert outcome.result == "refused"
    assert reason in outcome.reason
    assert "/artifact-" not in outcome.reason  # the copy's path would mislead
    assert service.app.generation is generation
    assert service.probabilities() == before
    assert service.client.get("/health/ready").json() == ready
    assert service.client.get("/model").json()["version"] == "1.0"
    (line,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert vars(line)["reason"] == outcome.reason
    assert vars(line)["version"] == "1.0"
    assert vars(line).get("refused_version") == (None if kind in UNREADABLE else "2.0")
    exposed = figures(service.client.get("/metrics").text)
    assert {each.labels["version"] for each in exposed.samples} == {"1.0"}
    assert exposed.by("result", "model_reloads_total")["refused"] == 1
    assert threading.active_count() <= threads + 1  # of asyncio's own


@pytest.mark.parametrize("error", [ValueError("broken"), MemoryError(), SystemExit(3)], ids=repr)
@pytest.mark.parametrize("hook", ["__init__", "load_model", "observers", "routers"])
def test_a_hook_that_fails_leaves_the_model(
    swapped: Start, hook: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Service):
        """A service of its own, whose hook may be replaced."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Load the model."""
            return super().load_model(artifact, threads=threads)

        def routers(self) -> Any:
            """Return no router."""
            return ()

    registries: list[MetricsRegistry] = []

    def fail(self: Service, *_: object, **__: object) -> None:
        self.registry.counter("pears", "Pears.")()
        registries.append(self.registry)
        raise error

    service = swapped(Failing)
    service.save("2.0")
    with monkeypatch.context() as patched:
        patched.setattr(Failing, hook, fail)
        outcome = service.reload()
    assert outcome.result == "refused"
    assert service.predict()["model_version"] == "1.0"
    (families,) = [each.registry.collect() for each in registries]  # also what is not exposed
    samples = [each for family in families for each in family.samples]
    assert {each.labels["version"] for each in samples} == {"1.0"}
    assert service.reload() == ("loaded", "")


def test_the_operator_is_notified_of_a_refused_artifact(
    swapped: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptMessages()
    monkeypatch.setattr("modelserve.notify.make_notifier", lambda _: kept)
    service = swapped()
    service.save("2.0")
    (service.folder / MODEL).unlink()
    service.reload()
    ((key, text),) = kept.messages
    assert key == "reload"
    assert "1.0 is kept: " in text
    assert "model.onnx: missing" in text

"""An alias of MLflow's registry is looked up again, and the version that it names is served."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.environment import RESOLVED_URI
from modelserve.errors import ArtifactError
from modelserve.service import make_lookup
from modelserve.serving.reloading import alias_lookup
from modelserve.serving.reloading.hang_up import HUNG_UP
from modelserve.settings import Settings
from modelserve.tracking import model_uri

from tests.engine.model_variants import save_variant
from tests.engine.serving.reloading.conftest import INTERVAL_S, PATIENCE_S, SwappedService, until

URI = "models:/iris-model@champion"

Start = Callable[..., SwappedService]


class FakeRegistry:
    """A registry with an alias; each version has a folder of its own.

    Args:
        trained: the artifact that every version is made of.
        folder: of all versions.
    """

    def __init__(self, trained: Artifact, folder: Path) -> None:
        self._trained, self._folder = trained, folder
        self.named: Path | None = None
        self.known: list[Path | None] = []
        self.answering = threading.Event()
        self.answering.set()

    def move(self, number: int, version: str, *, shift: int = 1) -> None:
        """Have the alias name another version, whose artifact may be of the same version."""
        folder = self._folder / f"{number}"
        save_variant(self._trained, folder, version, shift=shift)
        self.named = folder

    def resolve(self, uri: str, *, known: Path | None = None) -> Path:
        """Return the folder of the named version."""
        assert uri == URI
        assert self.answering.wait(PATIENCE_S)
        self.known.append(known)
        if self.named is None:
            raise ArtifactError("MLflow does not answer.")
        return self.named


@pytest.fixture
def registry(trained: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    """Return a registry that the services of this test use."""
    made = FakeRegistry(trained, tmp_path / "cache")
    monkeypatch.setattr(model_uri, "resolve", made.resolve)
    monkeypatch.setenv(RESOLVED_URI, URI)
    return made


def lookups(service: SwappedService, figures: Any) -> dict[str, float]:
    """Return the counts of the served version's lookups by their result."""
    version = service.reloader.served.version
    exposed = figures(service.client.get("/metrics").text)
    counted: dict[str, float] = exposed.by("result", "model_alias_lookups_total", version=version)
    return counted


def test_a_moved_alias_is_loaded_by_a_reload(
    swapped: Start, registry: FakeRegistry, figures: Any
) -> None:
    service = swapped()
    registry.move(2, "2.0")
    assert service.reload() == ("loaded", "")
    assert service.predict()["model_version"] == "2.0"
    assert service.reload() == ("unchanged", "")
    assert registry.known == [service.folder, registry.named]
    assert lookups(service, figures) == {"found": 1, "failed": 0}


def test_a_moved_alias_is_loaded_by_itself(swapped: Start, registry: FakeRegistry) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    for number in (2, 3):
        registry.move(number, f"{number}.0", shift=number)
        until(lambda n=number: service.predict()["model_version"] == f"{n}.0")


def test_two_versions_with_the_same_artifact_are_no_change(
    swapped: Start, registry: FakeRegistry, figures: Any
) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    generation = service.app.generation
    registry.move(2, "1.0", shift=0)
    until(lambda: lookups(service, figures)["found"] >= 5)
    exposed = figures(service.client.get("/metrics").text)
    assert set(exposed.by("result", "model_reloads_total").values()) == {0}
    assert service.reload() == ("unchanged", "")
    assert service.app.generation is generation


def test_the_model_stays_while_the_alias_cannot_be_found(
    swapped: Start, registry: FakeRegistry, figures: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    until(lambda: lookups(service, figures)["failed"] >= 5)
    lines = [each for each in caplog.records if each.message.startswith("alias not found")]
    assert [vars(each)["reason"] for each in lines] == ["MLflow does not answer."]
    assert service.reload() == ("refused", "MLflow does not answer.")
    assert service.predict()["model_version"] == "1.0"
    registry.move(2, "2.0")
    until(lambda: service.predict()["model_version"] == "2.0")


def test_a_version_that_was_refused_is_not_tried_again_until_the_alias_moves(
    swapped: Start, registry: FakeRegistry, figures: Any
) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)

    def count(name: str, result: str) -> float:
        (value,) = figures(service.client.get("/metrics").text)(name, result=result, version="1.0")
        return float(value)

    registry.move(2, "2.0")
    assert registry.named
    (registry.named / "model.onnx").write_bytes(b"")
    until(lambda: count("model_reloads_total", "refused") == 1)
    seen = count("model_alias_lookups_total", "found")
    until(lambda: count("model_alias_lookups_total", "found") >= seen + 5)
    assert count("model_reloads_total", "refused") == 1
    registry.move(3, "3.0")
    until(lambda: service.predict()["model_version"] == "3.0")


def test_a_lookup_that_hangs_is_given_up_and_not_repeated_beside_itself(
    swapped: Start, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alias_lookup, "LOOKUP_TIMEOUT_S", 0.05)
    service = swapped()
    registry.move(2, "2.0")
    registry.answering.clear()
    assert "within 0.05 s" in service.reload().reason
    assert "has not ended yet" in service.reload().reason
    assert service.predict()["model_version"] == "1.0"
    registry.answering.set()
    until(lambda: service.reload().result == "loaded")
    assert service.predict()["model_version"] == "2.0"


def test_a_worker_that_starts_after_a_signal_looks_the_alias_up(
    swapped: Start, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HUNG_UP, "1")
    registry.move(2, "2.0")
    service = swapped()
    until(lambda: service.predict()["model_version"] == "2.0")


@pytest.mark.parametrize(
    ("uri", "followed"),
    [
        pytest.param(URI, True, id="alias"),
        pytest.param("models:/iris-model/1", False, id="version"),
        pytest.param(None, False, id="folder"),
    ],
)
def test_only_an_alias_is_looked_up_again(uri: str | None, followed: bool) -> None:
    assert (make_lookup(Settings(model_uri=uri)) is not None) == followed


def test_a_version_named_by_the_setting_is_compared_with_itself(
    project: Project, trained: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`MODEL_DIR` is then another folder, which may hold another model."""
    monkeypatch.setattr(model_uri, "resolve", lambda _: trained.folder)
    monkeypatch.chdir(tmp_path)
    service = project.service_class(Settings(model_uri="models:/iris-model/1"))
    reloader: Any = service.create_app().components.reloader  # type: ignore[attr-defined]
    assert reloader._folder == trained.folder

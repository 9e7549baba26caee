"""A challenger follows the served model and its own folder; where it does not fit, it is paused."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import Service, artifact
from modelserve.artifact import MODEL, Artifact
from modelserve.serving import app as app_module
from starlette.testclient import TestClient

from tests.engine.model_variants import save_variant
from tests.engine.serving.conftest import KeptMessages
from tests.engine.serving.reloading.conftest import INTERVAL_S, SwappedService, until

Start = Callable[..., SwappedService]


@pytest.fixture
def challenger(trained: Artifact, tmp_path: Path) -> Path:
    """Return the folder of a challenger that fits the model."""
    return save_variant(trained, tmp_path / "challenger", "9.0", shift=0).folder


def version_of_challenger(service: SwappedService) -> str | None:
    """Return the version of the challenger that answers; None if none does."""
    response = service.client.get("/model/challenger")
    return response.json()["version"] if response.status_code == 200 else None


def nullable(trained: Artifact) -> tuple[Any, ...]:
    """Return the features, none of which need be given."""
    return tuple(each.model_copy(update={"nullable": True}) for each in trained.manifest.features)


def test_a_challenger_that_does_not_fit_a_new_model_is_paused_until_one_fits(
    swapped: Start,
    challenger: Path,
    trained: Artifact,
    caplog: pytest.LogCaptureFixture,
    figures: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = KeptMessages()
    monkeypatch.setattr("modelserve.notify.make_notifier", lambda _: kept)
    service = swapped(challenger_dir=challenger, challenger_percentage=100, reload_schema="any")

    def paused() -> Any:
        exposed = figures(service.client.get("/metrics").text)
        return exposed.by("version", "model_challenger_paused")

    assert (version_of_challenger(service), paused()) == ("9.0", {"1.0": 0})

    service.save("2.0", features=nullable(trained))
    assert service.reload() == ("loaded", "")
    assert service.predict()["model_version"] == "2.0"
    assert (version_of_challenger(service), paused()) == (None, {"2.0": 1})
    (line,) = [each for each in caplog.records if each.message == "challenger paused"]
    assert "may not be missing" in vars(line)["reason"]
    ((key, text),) = kept.messages
    assert (key, text.partition(":")[0]) == (
        "challenger",
        "2.0 is served without its challenger",
    )

    service.save("3.0")
    assert service.reload() == ("loaded", "")
    assert (version_of_challenger(service), paused()) == ("9.0", {"3.0": 0})


def test_a_model_of_another_task_is_served_without_its_challenger(
    swapped: Start,
    challenger: Path,
    trained: Artifact,
    families: Callable[[str], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = swapped(Service, challenger_dir=challenger, reload_schema="any")
    other = families("diabetes").artifact
    manifest = other.manifest.model_copy(update={"name": trained.manifest.name})
    artifact.save(service.folder, manifest, other.paths)
    assert service.reload() == ("loaded", "")
    row = other.read_json(artifact.GOLDEN)[0]["input"]
    answer = service.client.post("/predict", json={"instances": [row]}).json()
    assert answer["model_version"] == manifest.version
    assert version_of_challenger(service) is None
    (line,) = [each for each in caplog.records if each.message == "challenger paused"]
    assert "it is a classifier, not a regressor" in vars(line)["reason"]
    assert "further fields" in vars(line)["reason"]


def test_another_challenger_is_loaded_by_a_reload(
    swapped: Start, challenger: Path, trained: Artifact, figures: Any
) -> None:
    service = swapped(challenger_dir=challenger, challenger_percentage=100)
    assert service.reload() == ("unchanged", "")
    save_variant(trained, challenger, "9.1", shift=0)
    assert service.reload() == ("loaded", "")
    assert version_of_challenger(service) == "9.1"
    assert service.predict()["model_version"] == "1.0"

    def compared() -> Any:
        exposed = figures(service.client.get("/metrics").text)
        return exposed.by("challenger", "model_challenger_rows_total").get("9.1")

    until(lambda: compared() == 1)


def test_a_changed_challenger_is_loaded_by_itself(
    swapped: Start, challenger: Path, trained: Artifact
) -> None:
    service = swapped(challenger_dir=challenger, reload_interval_s=INTERVAL_S)
    save_variant(trained, challenger, "9.1", shift=0)
    until(lambda: version_of_challenger(service) == "9.1")


def test_a_broken_challenger_keeps_no_model_from_being_served(
    swapped: Start, challenger: Path, trained: Artifact
) -> None:
    service = swapped(challenger_dir=challenger)
    (challenger / MODEL).unlink()
    service.save("2.0")
    assert service.reload() == ("loaded", "")
    assert service.predict()["model_version"] == "2.0"
    save_variant(trained, challenger, "9.1", shift=0)
    assert service.reload() == ("loaded", "")
    assert version_of_challenger(service) == "9.1"


def test_a_worker_that_replaces_another_one_starts_without_a_challenger_that_does_not_fit(
    project: Any,
    make_settings: Callable[..., Any],
    challenger: Path,
    trained: Artifact,
    row: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = save_variant(trained, tmp_path / "model", "2.0", features=nullable(trained)).folder
    service = project.service_class(make_settings(model_dir=model, challenger_dir=challenger))
    monkeypatch.setattr(app_module, "parent_process", multiprocessing.current_process)
    with TestClient(service.create_app()) as client:
        answer = client.post("/predict", json={"instances": [row]}).json()
        assert answer["model_version"] == "2.0"
        assert client.get("/model/challenger").status_code == 404

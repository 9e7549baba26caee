"""A change of the folder, a signal and the repository API ask for a reload."""

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import MODEL
from modelserve.errors import ConfigurationError
from modelserve.serving.reloading import hang_up
from modelserve.serving.reloading.hang_up import HangUpHandler, install_early, on_hang_up
from modelserve.settings import Settings
from pydantic import ValidationError

from tests.engine.model_variants import save_variant
from tests.engine.serving.reloading.conftest import INTERVAL_S, SwappedService, until

NO_SIGHUP = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGHUP")

Start = Callable[..., SwappedService]


def test_a_changed_folder_is_loaded_by_itself(swapped: Start) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    service.save("2.0")
    until(lambda: service.predict()["model_version"] == "2.0")
    service.save("1.0", shift=0)
    until(lambda: service.predict()["model_version"] == "1.0")


def test_by_default_the_folder_is_not_watched() -> None:
    assert Settings().reload_interval_s == 0


def test_an_artifact_that_arrives_file_by_file_is_loaded_when_it_is_complete(
    swapped: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    fresh = save_variant(service.trained, tmp_path / "fresh", "2.0").folder
    shutil.copy(fresh / "manifest.json", service.folder)
    until(lambda: [each for each in caplog.records if "not reloaded" in each.message])
    for path in fresh.iterdir():
        if path.name != MODEL:
            shutil.copy(path, service.folder)
    shutil.copy(fresh / MODEL, service.folder)
    until(lambda: service.predict()["model_version"] == "2.0")


def test_a_refused_artifact_is_not_tried_again_while_it_stays_the_same(
    swapped: Start, caplog: pytest.LogCaptureFixture
) -> None:
    service = swapped(reload_interval_s=INTERVAL_S)
    service.save("2.0")
    shutil.copy(service.trained.model, service.folder / MODEL)
    until(lambda: [each for each in caplog.records if "not reloaded" in each.message])
    time.sleep(20 * INTERVAL_S)
    assert len([each for each in caplog.records if "not reloaded" in each.message]) <= 2


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a file with the keys of an operator and of a client, which are their names."""
    path = tmp_path / "keys"
    lines = [f"{name}:{hashlib.sha256(name.encode()).hexdigest()}" for name in ("ops", "shop")]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_repository_api_loads_for_an_operator_alone(swapped: Start, keys: Path) -> None:
    service = swapped(api_keys_file=keys, repository_api="ops")
    client, name = service.client, service.trained.manifest.name
    load = f"/v2/repository/models/{name}/load"
    service.save("2.0")
    assert client.post(load).status_code == 401
    assert client.post(load, headers={"x-api-key": "shop"}).status_code == 401
    ops = {"x-api-key": "ops"}
    assert "model_repository" in client.get("/v2").json()["extensions"]
    entry = {"name": name, "version": "1.0", "state": "READY", "reason": ""}
    assert client.post("/v2/repository/index", headers=ops).json() == [entry]
    loaded = client.post(load, headers=ops, json={})
    assert (loaded.status_code, loaded.content) == (200, b"")
    index = client.post("/v2/repository/index", headers=ops, json={"ready": True})
    assert index.json() == [entry | {"version": "2.0"}]


def test_the_repository_api_answers_why_an_artifact_is_refused(swapped: Start, keys: Path) -> None:
    service = swapped(api_keys_file=keys, repository_api="ops")
    models, ops = "/v2/repository/models", {"x-api-key": "ops"}
    name = service.trained.manifest.name
    service.save("2.0")
    (service.folder / MODEL).unlink()
    refused = service.client.post(f"{models}/{name}/load", headers=ops)
    assert refused.status_code == 400
    assert "model.onnx: missing" in refused.json()["error"]
    assert service.client.post(f"{models}/other/load", headers=ops).status_code == 404
    assert service.client.post(f"{models}/{name}/unload", headers=ops).status_code == 400
    config = {"parameters": {"config": "{}"}}
    given = service.client.post(f"{models}/{name}/load", headers=ops, json=config)
    assert given.status_code == 400


def test_without_an_operator_there_is_no_repository_api(swapped: Start) -> None:
    service = swapped()
    path = f"/v2/repository/models/{service.trained.manifest.name}/load"
    assert service.client.post(path).status_code == 404
    assert "model_repository" not in service.client.get("/v2").json()["extensions"]
    with pytest.raises((ConfigurationError, ValidationError), match="needs API_KEYS_FILE"):
        Settings(repository_api="ops")


@pytest.fixture
def hang_up_restored() -> Iterator[None]:
    """Restore the handler of SIGHUP."""
    before = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def hang_up_once(asked: list[str], signals: int = 0) -> None:
    """Count the reloads that signals ask for."""
    with on_hang_up(lambda: asked.append("reload")):
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)


@NO_SIGHUP
@pytest.mark.usefixtures("hang_up_restored")
def test_a_signal_before_the_start_is_not_lost() -> None:
    install_early()
    os.kill(os.getpid(), signal.SIGHUP)
    asked: list[str] = []
    asyncio.run(hang_up_once(asked))
    assert asked == ["reload"]


@NO_SIGHUP
@pytest.mark.usefixtures("hang_up_restored")
def test_each_signal_asks_for_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hang_up, "has_terminal", lambda: False)
    asked: list[str] = []
    asyncio.run(hang_up_once(asked, signals=3))
    assert asked == ["reload"] * 3


@NO_SIGHUP
@pytest.mark.usefixtures("hang_up_restored")
def test_a_closed_terminal_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    terminals = iter([True, False])
    monkeypatch.setattr(hang_up, "has_terminal", lambda: next(terminals))
    ended: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    asked: list[str] = []
    asyncio.run(hang_up_once(asked, signals=1))
    signal.signal(signal.SIGTERM, before)
    assert (ended, asked) == ([signal.SIGTERM], [])


@NO_SIGHUP
def test_a_process_that_is_gone_needs_no_signal() -> None:
    hang_up.send_hang_up([None, 2**22 - 1])


def test_a_terminal_that_was_never_there_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hang_up, "has_terminal", lambda: False)
    handler: Any = HangUpHandler()
    assert not handler.terminal_closed()

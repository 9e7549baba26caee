"""A promotion makes a registered version the champion."""

from types import SimpleNamespace
from typing import Any

import pytest
from modelserve.artifact import Artifact
from modelserve.tracking import champion
from modelserve.tracking.champion import notify_promotion

from tests.engine.tracking.conftest import FakeClient


@pytest.fixture(autouse=True)
def _server(monkeypatch: pytest.MonkeyPatch, client: FakeClient) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    monkeypatch.setattr(champion, "connect", lambda: client)


def make_error(code: str) -> Exception:
    """Return an error as MLflow's client raises it."""
    error = RuntimeError("gone")
    error.error_code = code  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("challenger", ["10", "3"])
def test_the_latest_version_of_the_artifact_is_champion(
    client: Any, trained: Artifact, warnings: list[str], challenger: str
) -> None:
    client.versions = [SimpleNamespace(version=each) for each in ("9", "10")]
    client.aliases = {"challenger": challenger}
    assert notify_promotion(trained, warn=warnings.append) == "10"
    name = trained.manifest.name
    assert client.asked("set_registered_model_alias") == [(name, "champion", "10")]
    freed = [(name, "challenger")] if challenger == "10" else []
    assert client.asked("delete_registered_model_alias") == freed
    assert warnings == []


@pytest.mark.parametrize(
    ("aliases", "error", "current"),
    [
        pytest.param({"champion": 7}, "", "still names version 7", id="another-version"),
        pytest.param({"challenger": 7}, "", "names none", id="no-alias"),
        pytest.param({}, "RESOURCE_DOES_NOT_EXIST", "names none", id="no-model"),
    ],
)
def test_an_artifact_that_is_not_registered_is_a_warning(
    client: Any,
    trained: Artifact,
    warnings: list[str],
    aliases: dict[str, Any],
    error: str,
    current: str,
) -> None:
    client.aliases = aliases
    if error:
        client.broken["get_registered_model"] = make_error(error)
    assert notify_promotion(trained, warn=warnings.append) is None
    assert f"so `champion` {current}. Send its run by `runs ID --push`" in warnings[0]
    assert client.asked("set_registered_model_alias") == []


@pytest.mark.parametrize("call", ["search_model_versions", "get_registered_model"])
def test_a_server_that_fails_is_a_warning(
    client: Any, trained: Artifact, warnings: list[str], call: str
) -> None:
    client.broken[call] = RuntimeError("gone")
    assert notify_promotion(trained, warn=warnings.append) is None
    assert "is promoted, but not champion in MLflow at http://mlflow.example: gone." in warnings[0]


def test_without_a_server_nothing_happens(
    client: Any, trained: Artifact, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert notify_promotion(trained, warn=warnings.append) is None
    assert (client.calls, warnings) == ([], [])

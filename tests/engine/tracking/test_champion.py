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


def test_an_artifact_that_is_not_registered_is_a_warning(
    client: Any, trained: Artifact, warnings: list[str]
) -> None:
    assert notify_promotion(trained, warn=warnings.append) is None
    assert "`runs ID --push`" in warnings[0]
    assert client.asked("set_registered_model_alias") == []


def test_a_server_that_fails_is_a_warning(
    client: Any, trained: Artifact, warnings: list[str]
) -> None:
    client.broken["search_model_versions"] = RuntimeError("gone")
    assert notify_promotion(trained, warn=warnings.append) is None
    assert "is promoted, but not champion in MLflow at http://mlflow.example: gone." in warnings[0]


def test_without_a_server_nothing_happens(
    client: Any, trained: Artifact, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert notify_promotion(trained, warn=warnings.append) is None
    assert (client.calls, warnings) == ([], [])

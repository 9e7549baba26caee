"""MODEL_URI leads to a verified folder, or to an error that names the way out."""

import logging
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from modelserve.artifact import MANIFEST, Artifact, load, sha256
from modelserve.errors import ArtifactError, ConfigurationError
from modelserve.settings import Settings
from modelserve.tracking import model_uri
from modelserve.tracking.model_uri import resolve

from tests.engine.tracking.conftest import FakeClient

artifacts = pytest.importorskip("mlflow.artifacts")

RUN = "0123456789abcdef0123456789abcdef"


class Server:
    """A registry with two versions, the first one champion, and what was downloaded from it."""

    def __init__(self, client: FakeClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.downloads: list[str] = []
        client.versions = [
            SimpleNamespace(version=each, source=f"mlflow-artifacts:/7/{each}", tags={})
            for each in ("1", "2")
        ]
        client.aliases = {"champion": "1"}

    def download(self, artifact_uri: str, dst_path: str) -> str:
        """Copy the artifact to a folder that exists, as MLflow does."""
        self.downloads.append(artifact_uri)
        shutil.copytree(self.folder, dst_path, dirs_exist_ok=True)
        return dst_path

    def stop(self) -> None:
        """Answer nothing from now on."""
        gone = RuntimeError("Max retries exceeded: [Errno 111] Connection refused")
        for name in ("get_model_version", "get_model_version_by_alias"):
            self.client.broken[name] = gone

    def reject(self) -> None:
        """Answer that there is no such model."""
        error = RuntimeError("not found")
        error.error_code = "RESOURCE_DOES_NOT_EXIST"  # type: ignore[attr-defined]
        for name in ("get_model_version", "get_model_version_by_alias"):
            self.client.broken[name] = error


@pytest.fixture
def server(
    client: FakeClient, trained: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Server:
    """Return a registry with the artifact."""
    made = Server(client, trained.folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(model_uri, "connect", lambda: client)
    monkeypatch.setattr(artifacts, "download_artifacts", made.download)
    return made


def test_an_alias_is_looked_up_and_its_version_downloaded_once(
    server: Server, trained: Artifact, tmp_path: Path
) -> None:
    folder = resolve("models:/iris-model@champion")
    assert load(folder).manifest == trained.manifest
    assert folder.is_relative_to(tmp_path / "cache" / "mlflow.example" / "iris-model")
    assert resolve("models:/iris-model/1") == folder
    assert server.downloads == ["models:/iris-model/1"]


def test_a_moved_alias_is_followed(server: Server) -> None:
    before = resolve("models:/iris-model@champion")
    server.client.aliases["champion"] = "2"
    after = resolve("models:/iris-model@champion")
    assert before != after
    assert server.downloads == ["models:/iris-model/1", "models:/iris-model/2"]


def test_a_version_that_was_registered_anew_is_another_one(server: Server) -> None:
    before = resolve("models:/iris-model/1")
    server.client.versions[0].source = "mlflow-artifacts:/7/other"
    assert resolve("models:/iris-model/1") != before


def test_a_runs_folder_is_downloaded_once(server: Server) -> None:
    folder = resolve(f"runs:/{RUN}/model")
    server.stop()
    assert resolve(f"runs:/{RUN}/model/") == folder
    assert resolve(f"runs:/{RUN}/other") != folder
    assert server.downloads == [f"runs:/{RUN}/model", f"runs:/{RUN}/other"]


def test_a_cached_version_is_served_without_the_server(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = resolve("models:/iris-model/1")
    server.stop()
    assert resolve("models:/iris-model/1") == folder
    assert "http://mlflow.example does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("models:/iris-model@champion", id="alias"),
        pytest.param("models:/iris-model/2", id="another version"),
    ],
)
def test_anything_else_is_refused_without_the_server(server: Server, uri: str) -> None:
    resolve("models:/iris-model/1")
    server.stop()
    with pytest.raises(ArtifactError, match="or name a cached version, of 1, or set MODEL_DIR"):
        resolve(uri)


def test_a_running_service_is_not_asked_to_start_again(server: Server) -> None:
    folder = resolve("models:/iris-model@champion")
    server.stop()
    with pytest.raises(ArtifactError, match=r"Connection refused\. The next lookup tries again\.$"):
        resolve("models:/iris-model@champion", known=folder)


def test_a_lookup_logs_no_retry(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    retry = "Retrying (%r) after connection broken by '%r': %s"

    def fail(*_: Any) -> Any:
        logger.warning(retry, "Retry(total=1)", "refused", "/api")
        logger.warning("Connection pool is full, discarding connection")
        other = threading.Thread(target=logger.warning, args=(retry, "elsewhere", "refused", "/"))
        other.start()
        other.join()
        raise RuntimeError("Max retries exceeded")

    server.client.get_model_version_by_alias = fail  # type: ignore[method-assign]
    with pytest.raises(ArtifactError):
        resolve("models:/iris-model@champion")
    logged = [each.getMessage() for each in caplog.records]
    assert [each.partition(",")[0] for each in logged] == [
        "Connection pool is full",
        "Retrying ('elsewhere') after connection broken by ''refused'': /",
    ]
    logger.warning(retry, "Retry(total=1)", "refused", "/api")
    assert len(caplog.records) == 3


def test_a_damaged_cached_version_is_not_served(server: Server) -> None:
    (resolve("models:/iris-model/1") / "model.onnx").write_bytes(b"")
    server.stop()
    with pytest.raises(ArtifactError, match="it does not answer"):
        resolve("models:/iris-model/1")


def test_a_version_that_was_deleted_is_not_served_from_the_cache(server: Server) -> None:
    resolve("models:/iris-model/1")
    server.reject()
    with pytest.raises(ArtifactError, match="Name a version or an alias that exists"):
        resolve("models:/iris-model/1")


def test_an_artifact_that_was_exchanged_is_refused(server: Server, trained: Artifact) -> None:
    version = server.client.versions[0]
    version.tags = {"manifest_sha256": sha256(trained.folder / MANIFEST)}
    resolve("models:/iris-model/1")
    version.source, version.tags = "elsewhere", {"manifest_sha256": "0" * 64}
    with pytest.raises(ArtifactError, match="models:/iris-model/1: its manifest differs"):
        resolve("models:/iris-model/1")


def test_a_model_of_another_tool_is_refused(server: Server, tmp_path: Path) -> None:
    server.folder = tmp_path / "other"
    server.folder.mkdir()
    (server.folder / "MLmodel").write_text("{}", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"models:/iris-model/1: .*manifest.json is missing"):
        resolve("models:/iris-model/1")


def test_a_download_that_fails_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> str:
        raise RuntimeError("access denied")

    monkeypatch.setattr(artifacts, "download_artifacts", fail)
    expected = (
        "models:/iris-model/1 cannot be downloaded from http://mlflow.example: access denied."
    )
    with pytest.raises(ArtifactError, match=expected):
        resolve("models:/iris-model/1")
    assert server.downloads == []


WRONG = [
    pytest.param("models:/iris-model", id="no version"),
    pytest.param("models:/iris-model/latest", id="latest"),
    pytest.param("models:/../../etc@champion", id="upwards"),
    pytest.param("models:/a/../b/1", id="upwards within"),
    pytest.param("models:/a@b/../c", id="alias upwards"),
    pytest.param("runs:/0123/model", id="short run"),
    pytest.param(f"runs:/{RUN}/../model", id="run upwards"),
    pytest.param(f"runs:/{RUN}/a/../../model", id="run upwards within"),
    pytest.param("s3://bucket/model", id="a store"),
    pytest.param("models:/a@b\n", id="line end"),
    pytest.param(f"models:/{'a' * 10_000}@b", id="long"),
]


@pytest.mark.parametrize("uri", WRONG)
def test_what_names_no_model_is_refused(server: Server, uri: str) -> None:
    with pytest.raises(ArtifactError, match=r"write models:/NAME@ALIAS") as caught:
        resolve(uri)
    assert len(str(caught.value)) < 300
    assert server.downloads == []


@pytest.mark.parametrize("uri", [each for each in WRONG if each.id != "line end"])
def test_the_setting_is_checked_as_well(monkeypatch: pytest.MonkeyPatch, uri: Any) -> None:
    monkeypatch.delenv("MODEL_DIR", raising=False)
    monkeypatch.setenv("MODEL_URI", uri)
    with pytest.raises(ConfigurationError, match="MODEL_URI="):
        Settings.load()


def test_two_models_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_URI", "models:/iris-model@champion")
    monkeypatch.setenv("MODEL_DIR", "model")
    with pytest.raises(ConfigurationError, match="name two models; unset one of them"):
        Settings.load()


def test_a_service_without_the_command_resolves_the_setting(
    server: Server, project: Any, trained: Artifact
) -> None:
    settings = Settings(model_uri="models:/iris-model@champion")
    service = project.service_class(settings)
    assert service.artifact.manifest == trained.manifest
    assert service.artifact.folder != trained.folder
    assert server.downloads == ["models:/iris-model/1"]

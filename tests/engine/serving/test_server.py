"""The server process, without a server."""

import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from modelserve import Project, RequestObserver, errors
from modelserve.serving import server
from modelserve.settings import Settings


class FakeUvicorn:
    """Keeps what it would have run."""

    def __init__(self) -> None:
        self.app: Any = None
        self.config: dict[str, Any] = {}

    def run(self, app: Any, **config: Any) -> None:
        """Keep it."""
        self.app, self.config = app, config

    def serve(self, running: uvicorn.Server) -> None:
        """Keep what one process would have served."""
        options = vars(running.config)
        self.run(options.pop("app"), **options)

    def supervise(
        self, config: uvicorn.Config, sockets: list[socket.socket], _: Settings
    ) -> "FakeSupervisor":
        """Keep the options of workers; return what runs them."""
        for listener in sockets:
            listener.close()
        return FakeSupervisor(self, config)


class FakeSupervisor:
    """Keeps what the workers would have run."""

    def __init__(self, fake: FakeUvicorn, config: uvicorn.Config) -> None:
        self._fake, self._config = fake, config

    def run(self) -> None:
        """Keep it."""
        options = vars(self._config)
        self._fake.run(options.pop("app"), **options)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, trained: Any) -> FakeUvicorn:
    """Return what stands in for uvicorn, in an environment that names the model."""
    made = FakeUvicorn()
    monkeypatch.setattr(server, "serve", made.serve)
    monkeypatch.setattr(server, "WorkerSupervisor", made.supervise)
    monkeypatch.setattr(Project, "configure_logging", lambda *_: None)
    for name in dict(Settings.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv(server.SHARED, raising=False)
    monkeypatch.setenv("MODEL_DIR", str(trained.folder))
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("WORKERS", "2")
    return made


def test_one_worker_serves_the_application_itself(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = object()
    monkeypatch.setattr(Project, "create_app", lambda _: application)
    monkeypatch.setenv("WORKERS", "1")
    server.run(project)
    assert fake.app is application
    assert fake.config["timeout_graceful_shutdown"] > 0
    assert fake.config["workers"] == 1


def test_several_workers_make_it_each_for_itself(project: Project, fake: FakeUvicorn) -> None:
    server.run(project)
    assert (fake.config["factory"], fake.config["workers"]) == (True, 2)
    assert fake.app == f"{project.package}.service:create_app"


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        pytest.param("MODEL_DIR={}/nowhere", errors.ArtifactError, id="model"),
        pytest.param("API_KEYS_FILE={}/nowhere", errors.ConfigurationError, id="keys"),
        pytest.param("MONITORING_CONFIG={}/nowhere", errors.ConfigurationError, id="groups"),
        pytest.param("CAPTURE_REDACT=no such field", errors.ConfigurationError, id="redaction"),
        pytest.param("LOG_LEVEL=loud", errors.ConfigurationError, id="settings"),
        pytest.param("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", errors.ConfigurationError, id="tracing"),
    ],
)
def test_workers_are_not_even_started_with_what_cannot_work(
    project: Project,
    fake: FakeUvicorn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    setting: str,
    kind: type[Exception],
) -> None:
    name, _, value = setting.format(tmp_path).partition("=")
    monkeypatch.setenv("TRACING", "on" if name.startswith("OTEL") else "off")
    monkeypatch.setenv(name, value)
    with pytest.raises(kind):
        server.run(project)
    assert fake.app is None


@pytest.mark.parametrize("hook", ["codecs", "routers", "observers"])
def test_hooks_that_fail_end_the_start_before_workers_would_fail_for_ever(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    def fail(_: object) -> None:
        raise errors.ConfigurationError(f"{hook}() failed.")

    monkeypatch.setattr(project.service_class, hook, fail)
    with pytest.raises(errors.ConfigurationError, match=hook):
        server.run(project)
    assert fake.app is None


def test_what_is_made_for_the_check_is_closed(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[RequestObserver] = []

    class Closing(RequestObserver):
        """An observer that may have started something."""

        def close(self) -> None:
            """Keep that it was closed."""
            closed.append(self)

    made = [Closing(), Closing()]
    monkeypatch.setattr(project.service_class, "observers", lambda _: made)
    monkeypatch.setenv("TRACING", "on")
    before = {*threading.enumerate()}
    server.run(project)
    assert (closed, fake.config["workers"]) == (made, 2)
    assert {*threading.enumerate()} <= before


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("folder", ["", "{}/nowhere", "{}/file"])
def test_a_folder_for_series_that_cannot_be_used_is_refused(
    project: Project,
    fake: FakeUvicorn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    workers: str,
    folder: str,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WORKERS", workers)
    monkeypatch.setenv(server.SHARED, folder.format(tmp_path))
    with pytest.raises(errors.ConfigurationError, match=f"^{server.SHARED}="):
        server.run(project)
    assert fake.app is None


def test_workers_share_a_folder_which_is_gone_in_the_end(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def look(app: Any, **config: Any) -> None:
        FakeUvicorn.run(fake, app, **config)
        seen.append(Path(os.environ[server.SHARED]))
        (seen[0] / "counter_1.db").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, "run", look)
    with pytest.raises(KeyboardInterrupt):
        server.run(project)
    assert not seen[0].exists()
    assert server.SHARED not in os.environ


def test_a_folder_that_the_operator_has_named_is_kept_with_all_that_is_not_metrics(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(server.SHARED, str(tmp_path))
    (tmp_path / "notes.txt").touch()
    server.run(project)
    assert fake.config["workers"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert os.environ[server.SHARED] == str(tmp_path)


def test_without_a_place_for_a_folder_workers_are_not_started(
    project: Project, fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> str:
        raise OSError("Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(errors.ConfigurationError, match=f"Read-only.*Set {server.SHARED}"):
        server.run(project)
    assert fake.app is None

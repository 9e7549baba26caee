"""The server process, without a server."""

from pathlib import Path
from typing import Any

import pytest
import uvicorn

from package import errors
from package.serving import server
from package.serving.hot_path import HotPath


class FakeUvicorn:
    """Keeps what it would have run."""

    def __init__(self) -> None:
        self.app: Any = None
        self.config: dict[str, Any] = {}

    def run(self, app: Any, **config: Any) -> None:
        """Keep it."""
        self.app, self.config = app, config


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, found: Any) -> FakeUvicorn:
    """Return what stands in for uvicorn, in an environment that names the model."""
    made = FakeUvicorn()
    monkeypatch.setattr(uvicorn, "run", made.run)
    monkeypatch.setenv("MODEL_DIR", str(found.folder))
    return made


def test_one_worker_serves_the_application_itself(
    fake: FakeUvicorn, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = object()
    monkeypatch.setattr(server, "start", lambda: application)
    server.run(host="127.0.0.1", port=0, workers=1)
    assert fake.app is application
    assert fake.config["timeout_graceful_shutdown"] > 0
    assert "workers" not in fake.config


def test_several_workers_make_it_each_for_itself(fake: FakeUvicorn) -> None:
    server.run(host="127.0.0.1", port=0, workers=2)
    assert fake.app == f"{HotPath.__module__.rpartition('.')[0]}.app:start"
    assert (fake.config["factory"], fake.config["workers"]) == (True, 2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("MODEL_DIR", errors.ArtifactError), ("API_KEYS_FILE", errors.ConfigurationError)],
)
def test_workers_are_not_even_started_with_what_cannot_work(
    fake: FakeUvicorn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    kind: type[Exception],
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    with pytest.raises(kind):
        server.run(host="127.0.0.1", port=0, workers=2)
    assert fake.app is None

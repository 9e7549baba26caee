"""What the tests share: one model, trained once, and services around it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from package import artifact
from package.cli import NAME
from package.serving.app import create_app
from package.settings import Settings
from package.training.config import Config, load_config
from package.training.train import train

PROJECT = Path(__file__).parent.parent

MakeSettings = Callable[..., Settings]
MakeClient = Callable[..., TestClient]


@pytest.fixture(scope="session")
def config() -> Config:
    """Return the project's own training configuration."""
    return load_config(PROJECT / "config" / "training.toml")


@pytest.fixture(scope="session")
def found(config: Config, tmp_path_factory: pytest.TempPathFactory) -> artifact.Artifact:
    """Return the artifact of one training run, which no test may change."""
    output = tmp_path_factory.mktemp("trained") / "model"
    return train(config, output, project=PROJECT, name=NAME).artifact


@pytest.fixture(scope="session")
def golden(found: artifact.Artifact) -> list[dict[str, Any]]:
    """Return the golden cases: inputs with the answers that they must have."""
    cases: list[dict[str, Any]] = found.read_json(artifact.GOLDEN)
    return cases


@pytest.fixture
def row(golden: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one input row that is right."""
    return dict(golden[0]["input"])


@pytest.fixture
def make_settings(found: artifact.Artifact, monkeypatch: pytest.MonkeyPatch) -> MakeSettings:
    """Return a way to settings that no environment variable of this machine reaches."""
    for name in dict(Settings.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)

    def make(**changes: Any) -> Settings:
        return Settings(**{"model_dir": found.folder} | changes)

    return make


@pytest.fixture
def make_client(make_settings: MakeSettings) -> Iterator[MakeClient]:
    """Return a way to clients of services with other settings; they are stopped at the end."""
    with ExitStack() as running:

        def make(**changes: Any) -> TestClient:
            app = create_app(make_settings(**changes))
            return running.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    """Return a client of the service as it is by default."""
    return make_client()

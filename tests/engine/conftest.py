"""What the engine's tests share: projects, each trained once, and services around them."""

import json
import os
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from socketserver import BaseServer
from subprocess import CalledProcessError
from typing import Any

import pytest
from modelserve import Project, Service, artifact
from modelserve.settings import Settings
from modelserve.tokens import bounded
from modelserve.training.config import Config
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tokenizers import Tokenizer, models, normalizers

from tests.engine.accessibility import Accessibility, install_axe
from tests.engine.browser import Browser, find_browser
from tests.engine.families import FAMILIES, Family, assemble

MakeSettings = Callable[..., Settings]
MakeClient = Callable[..., TestClient]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests for the families that its `FAMILIES` names; for iris, if it has none.

    Those after the first are slow: the quick part, and other Pythons, need no more than one.
    """
    if "family" in metafunc.fixturenames:
        first, *others = getattr(metafunc.module, "FAMILIES", ("iris",))
        families = [first, *(pytest.param(each, marks=pytest.mark.slow) for each in others)]
        metafunc.parametrize("family", families, indirect=True, scope="session")


class Figures:
    """What the service exposes, as Prometheus reads it.

    Args:
        text: of /metrics.
    """

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.types = {family.name: family.type for family in families}
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> list[float]:
        """Return the value of each series of a name that bears some labels."""
        return [
            each.value
            for each in self.samples
            if each.name == name and labels.items() <= each.labels.items()
        ]

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """Return the same by the value of another label."""
        return {
            each.labels[label]: each.value
            for each in self.samples
            if each.name == name and labels.items() <= each.labels.items()
        }


@pytest.fixture
def strict_tokenizer() -> bytes:
    """Return a tokenizer of one word that fails on every other one, and drops accents."""
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "good": 1}, "[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=True)
    return bounded(tokenizer, 8)


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Family]:
    """Return a way to a family's project, which is assembled and trained once."""
    made: dict[str, Family] = {}

    def find(name: str) -> Family:
        assert name in FAMILIES, name
        if name not in made:
            made[name] = assemble(name, tmp_path_factory.mktemp(name) / "project")
        return made[name]

    return find


@pytest.fixture(scope="session")
def family(request: pytest.FixtureRequest, families: Callable[[str], Family]) -> Family:
    """Return each family in turn that the module names."""
    return families(request.param)


@pytest.fixture(scope="session")
def project(family: Family) -> Project:
    """Return the family's project."""
    return family.project


@pytest.fixture(scope="session")
def config(family: Family) -> Config:
    """Return the family's own training configuration."""
    return family.config


@pytest.fixture(scope="session")
def trained(family: Family) -> artifact.Artifact:
    """Return the artifact of one training run, which no test may change."""
    return family.artifact


@pytest.fixture(scope="session")
def golden(trained: artifact.Artifact) -> list[dict[str, Any]]:
    """Return the golden cases: inputs with the answers that they must have."""
    cases: list[dict[str, Any]] = trained.read_json(artifact.GOLDEN)
    return cases


@pytest.fixture
def row(golden: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one input row that is right."""
    return dict(golden[0]["input"])


@pytest.fixture
def make_settings(
    project: Project, trained: artifact.Artifact, monkeypatch: pytest.MonkeyPatch
) -> MakeSettings:
    """Return a way to settings that no environment variable of this machine reaches."""
    settings_class = project.service_class.settings_class
    for name in dict(settings_class.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)

    def make(**changes: Any) -> Settings:
        return settings_class(**{"model_dir": trained.folder} | changes)

    return make


@pytest.fixture
def make_client(project: Project, make_settings: MakeSettings) -> Iterator[MakeClient]:
    """Return a way to clients of services with other settings; they are stopped at the end."""
    with ExitStack() as running:

        def make(service_class: type[Service] | None = None, **changes: Any) -> TestClient:
            app = (service_class or project.service_class)(make_settings(**changes)).create_app()
            return running.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    """Return a client of the service as it is by default."""
    return make_client()


@pytest.fixture
def write_monitoring(family: Family, tmp_path: Path) -> Callable[..., Path]:
    """Return a way to the project's monitoring configuration with changes, a section each."""

    def write(**changes: dict[str, Any]) -> Path:
        text = (family.root / "config" / "monitoring.toml").read_text(encoding="utf-8")
        lines = []
        for section, values in tomllib.loads(text).items():
            changed = values | changes.get(section, {})
            lines += [f"[{section}]", *(f"{k} = {json.dumps(v)}" for k, v in changed.items())]
        path = tmp_path / "monitoring.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def listen() -> Iterator[Callable[[BaseServer], None]]:
    """Return a way to have a server of the test's own answer; it is closed at the end."""
    with ExitStack() as running:

        def begin(server: BaseServer) -> None:
            running.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)

        yield begin


@pytest.fixture
def figures() -> Callable[[str], Figures]:
    """Return a way to read what the service exposes."""
    return Figures


@pytest.fixture(scope="session")
def without() -> Callable[[str], None]:
    """Return a way to end a test that needs a program which is not here."""

    def give_up(program: str) -> None:
        reason = f"there is no {program} here"
        assert not os.environ.get("REQUIRE_ALL"), reason
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def axe_script(tmp_path_factory: pytest.TempPathFactory, without: Callable[[str], None]) -> str:
    """Return the source of axe-core."""
    try:
        return install_axe(tmp_path_factory.mktemp("axe"))
    except (OSError, CalledProcessError):
        without("axe-core, which npm installs")
        raise


@pytest.fixture
def browser(tmp_path: Path, without: Callable[[str], None]) -> Iterator[Browser]:
    """Return a browser, which is ended after the test."""
    program = find_browser()
    if program is None:
        without("chromium")
    with Browser(str(program), tmp_path / "profile") as running:
        yield running


@pytest.fixture
def accessibility(browser: Browser, axe_script: str) -> Accessibility:
    """Return what checks the page that a browser shows."""
    return Accessibility(browser, axe_script)

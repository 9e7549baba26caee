"""The pytest plugin of a project's tests: its artifact, its service, and clients of it."""

# pylint: disable=redefined-outer-name  # pytest passes a fixture under its own name
# pylint: disable=import-outside-toplevel  # the plugin is loaded where nothing of this is tested
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..artifact import GOLDEN, Artifact
from ..errors import InvalidInputError, ServiceError
from ..project import Project
from ..types import Outputs, Row, Rows
from .quality import warnings_shown

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from ..service import Service
    from ..settings import Settings
    from ..training.config import Config

Predict = Callable[[Rows], Outputs]
MOST_ROWS = 100  # of the golden cases that one request carries


@contextmanager
def _explained() -> Iterator[None]:
    """End the run with the reason where there is no model to test: once, and not in each test."""
    try:
        yield
    except ServiceError as error:
        found = error.errors if isinstance(error, InvalidInputError) else ()
        reasons = "".join(f"\n  {each.line}" for each in found)
        pytest.exit(f"There is no model to test. {error}{reasons}", returncode=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--artifact`."""
    parser.addoption(
        "--artifact",
        type=Path,
        default=None,
        metavar="DIR",
        help="test the artifact in this folder, instead of training one",
    )


@pytest.fixture(scope="session")
def project(pytestconfig: pytest.Config) -> Project:
    """Return the project that pyproject.toml names."""
    root = pytestconfig.rootpath
    metadata = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Project(metadata["name"].replace("-", "_"), root)


@pytest.fixture(scope="session")
def training_config(project: Project) -> "Config":
    """Return config/training.toml."""
    from ..training.config import load_config

    with _explained():
        return load_config(project.root / "config" / "training.toml", project.options)


@pytest.fixture(scope="session")
def artifact(
    pytestconfig: pytest.Config, request: pytest.FixtureRequest, project: Project
) -> Artifact:
    """Return the artifact under test: of `--artifact`, or of one training run."""
    from .. import artifact as artifacts

    if folder := pytestconfig.getoption("artifact"):
        with _explained():
            return artifacts.load(folder)
    from ..training.train import train

    config = request.getfixturevalue("training_config")
    scratch: Path = request.getfixturevalue("tmp_path_factory").mktemp("trained")
    with _explained(), warnings_shown():
        return train(project, config, scratch / "model").artifact


@pytest.fixture(scope="session")
def golden(artifact: Artifact) -> list[dict[str, Any]]:
    """Return the golden cases: each an "input" row with the model's "output" for it."""
    cases: list[dict[str, Any]] = artifact.read_json(GOLDEN)
    return cases


@pytest.fixture(scope="session")
def rows(project: Project, golden: list[dict[str, Any]]) -> Rows:
    """Return valid rows: the golden cases' inputs, as many as one request may carry."""
    allowed = project.service_class.settings_class.model_fields["max_rows"].default
    return [case["input"] for case in golden[: min(MOST_ROWS, allowed)]]


@pytest.fixture
def row(rows: Rows) -> Row:
    """Return one valid row."""
    return dict(rows[0])


@pytest.fixture
def make_settings(
    project: Project, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> "Callable[..., Settings]":
    """Return a function that makes settings which no environment variable changes.

    Only a setting of the project's own that has no default is read from the environment.
    """
    settings_class = project.service_class.settings_class
    given: dict[str, Any] = {"model_dir": artifact.folder}
    environment = settings_class.read_environment()
    for name, field in dict(settings_class.model_fields).items():
        if field.is_required() and name in environment:
            given[name] = environment[name]
        else:
            monkeypatch.delenv(name.upper(), raising=False)

    def make(**changes: Any) -> "Settings":
        return settings_class(**given | changes)

    return make


@pytest.fixture
def service(project: Project, make_settings: "Callable[..., Settings]") -> "Service":
    """Return the service with its hooks, as it is by default."""
    return project.service_class(make_settings())


@pytest.fixture
def graph(artifact: Artifact, make_settings: "Callable[..., Settings]") -> Predict:
    """Return the artifact's ONNX graph without any hook of the project's."""
    from ..service import Service

    plain = Service(make_settings(), artifact)
    model = plain.load_model(artifact, threads=1)
    return lambda rows: model.run(plain.codec.gather(rows).tensors)


@pytest.fixture
def predict(service: "Service") -> Predict:
    """Return the model behind the hooks: rows in, float32 of shape (rows, n_outputs) out."""
    model = service.load_model(service.artifact, threads=1)
    return lambda rows: model.run(service.codec.gather(rows).tensors)


@pytest.fixture
def measure_ms(service: "Service", row: Row) -> Callable[[], float]:
    """Return a function that returns the median time of one prediction, in milliseconds."""
    from ..serving.runtime import measure_ms as measure

    model = service.load_model(service.artifact, threads=1)
    tensors = service.codec.gather([row]).tensors
    return lambda: measure(model, tensors)


@pytest.fixture
def make_client(
    project: Project, make_settings: "Callable[..., Settings]"
) -> "Iterator[Callable[..., TestClient]]":
    """Return a function that makes a client of a service with other settings, or hooks.

    Its keyword `service_class` replaces the project's own class; all others are settings.
    """
    from starlette.testclient import TestClient

    with ExitStack() as running:

        def make(
            service_class: "type[Service]" = project.service_class, **changes: Any
        ) -> TestClient:
            app = service_class(make_settings(**changes)).create_app()
            return running.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def client(make_client: "Callable[..., TestClient]") -> "TestClient":
    """Return a client of the service as it is by default."""
    return make_client()


@pytest.fixture
def post_rows(request: pytest.FixtureRequest, service: "Service") -> "Callable[..., Response]":
    """Return a function that posts rows to the route of predictions, and returns the response.

    Its keyword `client` asks another service than the one with default settings; others, such as
    `headers`, go with the request.
    """

    def post(rows: Rows, client: "TestClient | None" = None, **given: Any) -> "Response":
        client = client or request.getfixturevalue("client")
        route = service.settings.predict_route
        return client.post(route, json={"instances": [*rows]}, **given)

    return post


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how long a prediction took beside its limit; the machine may have been busy."""
    for report in terminalreporter.getreports("passed"):
        measured = dict(report.user_properties)
        if "prediction_ms" in measured:
            took, limit = measured["prediction_ms"], measured["limit_ms"]
            word = "within" if took <= limit else "OVER"
            terminalreporter.write_line(
                f"prediction time: {took:.4f} ms for one row, {word} its limit of {limit:g} ms"
            )

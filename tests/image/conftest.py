"""Projects with a trained model, their images, each built once, and containers of them."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bakery import BakedProject, bake_into
from tests.image.engine import HOST, Container, Engine
from tests.project_tools import run_command

# A table, a text, and the platform with a stage of its own.
PROJECTS = {
    "table": {"model": "xgboost-classifier", "deploy_target": "none"},
    "text": {"model": "huggingface-text-classifier", "deploy_target": "cloud-run"},
    "sagemaker": {"model": "scikit-learn-regressor", "deploy_target": "sagemaker"},
}
ENGINES = ("docker", "podman")
HARDENED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m"),
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count the tests of this folder among those that install and run projects whole."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.covering)


Build = Callable[..., str]
Start = Callable[..., Container]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on the projects that its `KINDS` names; on a table, if it has none."""
    if "baked" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "KINDS", ("table",))
        metafunc.parametrize("baked", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def program() -> str:
    """Return the engine that CONTAINER_ENGINE names, or Docker, or Podman."""
    named = os.environ.get("CONTAINER_ENGINE")
    for each in [named] if named else ENGINES:
        path = shutil.which(each)
        # A client without its engine cannot print the engine's version.
        if path and Engine(path, Path.cwd()).run("version", check=False).returncode == 0:
            return path
    reason = f"there is no container engine here: {named or ' nor '.join(ENGINES)}"
    assert not os.environ.get("REQUIRE_ALL"), reason
    return pytest.skip(reason)


@pytest.fixture(scope="session")
def baked(
    request: pytest.FixtureRequest, program: str, tmp_path_factory: pytest.TempPathFactory
) -> BakedProject:
    """Return a project with a trained model."""
    del program  # without one, nothing is trained
    project = bake_into(tmp_path_factory.mktemp(request.param) / "output", PROJECTS[request.param])
    run_command(project, "train")
    return project


@pytest.fixture(scope="session")
def engine(program: str, baked: BakedProject) -> Engine:
    """Return the engine in the project's folder."""
    return Engine(program, baked.path)


@pytest.fixture(scope="session")
def build(engine: Engine, baked: BakedProject) -> Iterator[Build]:
    """Return a function that builds images by their options, each once."""
    tags = []

    @cache
    def build_once(*options: str) -> str:
        tag = f"{baked.slug}:{uuid.uuid4().hex}"
        engine.run("build", "--tag", tag, *options, ".")
        tags.append(tag)
        return tag

    yield build_once
    for tag in tags:
        engine.run("rmi", tag)


@pytest.fixture(scope="session")
def image(build: Build) -> str:
    """Return the image as it is deployed."""
    return build("--build-arg", "COMMIT=0123abc", "--build-arg", "MODEL_VERSION=1.2.3")


@contextmanager
def containers(engine: Engine, image: str) -> Iterator[Start]:
    """Yield a function that starts containers with few rights; they are removed at the end."""
    names = []

    def begin(
        *options: str, port: int = 8080, of: str = image, command: tuple[str, ...] = ()
    ) -> Container:
        name = f"test-{uuid.uuid4().hex[:12]}"
        names.append(name)
        published = ("--publish", f"{HOST}::{port}", *HARDENED, *options)
        engine.run("run", "--detach", "--name", name, *published, of, *command)
        return Container(engine, name, port)

    try:
        yield begin
    finally:
        for name in names:
            engine.run("rm", "--force", name)


@pytest.fixture
def start(engine: Engine, image: str) -> Iterator[Start]:
    """Return a function that starts containers of the test's own."""
    with containers(engine, image) as begin:
        yield begin


@pytest.fixture(scope="session")
def running(engine: Engine, image: str) -> Iterator[Container]:
    """Return a container without options; tests only read from it."""
    with containers(engine, image) as begin:
        container = begin()
        container.until(container.is_ready)
        yield container


@pytest.fixture(scope="session")
def cases(baked: BakedProject) -> list[dict[str, Any]]:
    """Return the golden cases of the model in the image."""
    return json.loads(baked.read("model/golden.json"))


@pytest.fixture(scope="session")
def check_answers(cases: list[dict[str, Any]]) -> Callable[..., None]:
    """Return a function that compares a container's answers with the golden cases."""

    def check(container: Container, route: str = "/predict") -> None:
        body = {"instances": [case["input"] for case in cases]}
        status, content = container.ask("POST", route, body)
        answer = json.loads(content)
        assert (status, answer["degraded"]) == (200, False)
        for prediction, case in zip(answer["predictions"], cases, strict=True):
            value = prediction.get("value")
            numbers = list(prediction["probabilities"].values()) if value is None else [value]
            assert numbers == pytest.approx(case["output"], abs=1e-3, rel=1e-4)

    return check

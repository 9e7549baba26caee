"""Fixtures: projects baked once and shared, projects baked for one test, and spoilt templates."""

import os
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.bakery import (
    TEMPLATE,
    Answers,
    BakedProject,
    bake_into,
    combinations,
    copy_template,
    name_of,
)

# Bytecode of the library lies outside it: cookiecutter copies the folder while other tests run.
sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(
    TEMPLATE / ".pytest_cache" / "bytecode"
)

Bake = Callable[..., BakedProject]

LONGEST = ("covering", "slow", "e2e")  # by what their tests are marked


# Two methods are for a way of sharing out that this one is not; its parent leaves them out, too.
# pylint: disable-next=abstract-method
class ByProject(LoadScopeScheduling):
    """Shares tests out among processes; those of one installed project stay together.

    So its environment is made once.
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _, name = nodeid.partition("::")
        if path.endswith("test_covering.py"):
            return name.partition("[")[2]
        if path.startswith("tests/image/"):
            return f"image of {re.split('[^a-z]', name.partition('[')[2])[0]}"
        together = ("test_add_an_option.py", "test_clients.py", "test_docs_site.py", "test_ray.py")
        return path if path.endswith(together) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByProject:
    """Share the tests out by projects."""
    return ByProject(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: [not item.get_closest_marker(name) for name in LONGEST])


@pytest.fixture
def bake(tmp_path: Path) -> Bake:
    """Return a function that bakes a project of the test's own."""
    return lambda **answers: bake_into(tmp_path / "output", answers)


@pytest.fixture(scope="session")
def shared_bake(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], BakedProject]:
    """Return a function that bakes a combination once; its tests only read."""

    @cache
    def bake_once(name: str) -> BakedProject:
        answers: dict[str, Answers] = {name_of(answers): answers for answers in combinations()}
        return bake_into(tmp_path_factory.mktemp(name) / "output", answers[name])

    return bake_once


@pytest.fixture(params=[name_of(answers) for answers in combinations()])
def project(request: pytest.FixtureRequest, shared_bake: Callable) -> BakedProject:
    """Return each combination in turn, to read."""
    return shared_bake(request.param)


class SpoiltTemplate:
    """A copy of the template that a test plants faults in."""

    def __init__(self, path: Path) -> None:
        """Copy the template to a path that does not exist yet."""
        self.path = path
        self.folder = copy_template(path)

    def write(self, name: str, text: str) -> None:
        """Plant a file in the project folder, or one more line in a file that is there."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as stream:
            stream.write(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file in the project folder."""
        target = self.folder / name
        text = target.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        target.write_text(text.replace(old, new), encoding="utf-8")

    def bake(self, *, overwrite: bool = False) -> BakedProject:
        """Bake from the copy, beside it."""
        output = self.path.with_name("spoilt-output")
        return bake_into(output, {}, self.path, overwrite_if_exists=overwrite)


@pytest.fixture
def template(tmp_path: Path) -> SpoiltTemplate:
    """Return a copy of the template to spoil."""
    return SpoiltTemplate(tmp_path / "template")

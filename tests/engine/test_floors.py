"""Imports of the library go down, and only declared dependencies are imported."""

import ast
import itertools
import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.engine.families import LIBRARY

PACKAGE = LIBRARY / "src" / "modelserve"
NAME = PACKAGE.name

# For each folder, the other folders that its modules may import from; "" is the package itself.
FLOORS = {
    # The standard library only: workflows run it without an environment. So is what describes the
    # model for both bills.
    "deploy": {"supply_chain"},
    "": {"commands", "serving", "tracking"},
    "monitoring": {""},
    "training": {""},
    "collect": {"", "monitoring"},
    "promotion": {"", "training"},
    "serving": {"", "monitoring"},
    "tracking": {""},
    "batch": {"", "serving"},
    "export": {"", "serving"},
    "supply_chain": {""},
    "reproduction": {"", "training"},
    "commands": {
        "",
        "batch",
        "collect",
        "export",
        "monitoring",
        "promotion",
        "reproduction",
        "serving",
        "supply_chain",
        "tracking",
        "training",
    },
    "testing": {"", "serving", "training"},
}
# The only modules of the package itself that import from folders.
STAIRS = {"cli": {"commands"}, "service": {"serving", "tracking"}}


class Import(NamedTuple):
    """An import of another module: lazy ones are in a function."""

    module: str
    lazy: bool


def modules(package: Path) -> dict[str, Path]:
    """Return the files of a package by their modules' names within it."""
    actual = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        actual[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return actual


def statements(node: ast.AST, *, lazy: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the import statements that run, each with whether it is in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, lazy
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from statements(child, lazy=lazy or function)


@cache
def statements_of(text: str) -> list[tuple[ast.stmt, bool]]:
    """Return the import statements of a module, which many tests read."""
    return list(statements(ast.parse(text)))


def names(node: ast.stmt, module: str, path: Path) -> list[str]:
    """Return the absolute names that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert isinstance(node, ast.ImportFrom)
    source = node.module.split(".") if node.module else []
    if node.level:
        here = [NAME, *module.split(".")] if module else [NAME]
        source = here[: len(here) - node.level + (path.name == "__init__.py")] + source
    return [".".join([*source, alias.name]) for alias in node.names]


def imports(module: str, files: dict[str, Path]) -> Iterator[Import]:
    """Yield the package's modules that a module imports."""
    path = files[module]
    for node, lazy in statements_of(path.read_text(encoding="utf-8")):
        for name in names(node, module, path):
            top, _, inside = name.partition(".")
            if top == NAME:
                known = inside if inside in files else inside.rpartition(".")[0]
                yield Import(known, lazy)


def folder_of(module: str, files: dict[str, Path]) -> str:
    """Return the folder of the package that a module is in."""
    is_folder = files[module].name == "__init__.py" and module
    return module.split(".")[0] if "." in module or is_folder else ""


def violations(package: Path) -> set[str]:
    """Return what is wrong with the imports of a package."""
    files = modules(package)
    wrong, eager = set(), {}
    for module in files:
        actual = set(imports(module, files))
        eager[module] = {each.module for each in actual if not each.lazy} - {module}
        floor = folder_of(module, files)
        if floor not in FLOORS:
            wrong.add(f"{floor} has no floor")
            continue
        for other in {each.module for each in actual}:
            target = folder_of(other, files)
            allowed = FLOORS[floor] if floor else STAIRS.get(module, set())
            if target != floor and target not in allowed:
                wrong.add(f"{module} imports {other}, which is not below it")
    try:
        TopologicalSorter(eager).prepare()
    except CycleError as error:
        wrong.add(f"{' imports '.join(reversed(error.args[1]))}: a cycle")
    return wrong


def requirements(distribution: str) -> set[str]:
    """Return the distributions that an installed one requires: starlette is a part of FastAPI."""
    with suppress(PackageNotFoundError):
        actual = requires(distribution) or []
        return {canonicalize_name(Requirement(text).name) for text in actual}
    return set()


def undeclared(package: Path) -> set[str]:
    """Return what is imported beyond the standard library and the declared dependencies."""
    project = tomllib.loads((LIBRARY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {canonicalize_name(Requirement(text).name) for text in asked}
    declared |= {name for each in declared for name in requirements(each)}
    distributions = packages_distributions()
    # A step of a deployment installs these.
    declared |= {"boto3", "botocore", "cyclonedx-python-lib"}
    wrong = set()
    for module, path in modules(package).items():
        for node, _ in statements_of(path.read_text(encoding="utf-8")):
            for name in {each.partition(".")[0] for each in names(node, module, path)}:
                origins = map(canonicalize_name, distributions.get(name, [name]))
                if name not in {NAME, *sys.stdlib_module_names} and declared.isdisjoint(origins):
                    wrong.add(f"{module} imports {name}")
    return wrong


def test_imports_go_down() -> None:
    assert violations(PACKAGE) == set()


def test_only_declared_dependencies_are_imported() -> None:
    assert undeclared(PACKAGE) == set()


def test_imports_of_every_form_are_seen() -> None:
    files = modules(PACKAGE)
    seen = {each.module for each in imports("commands.training", files)}
    assert {"artifact", "commands.options", "training.train", "display"} <= seen
    assert Import("serving.app", lazy=True) in set(imports("service", files))


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        pytest.param(
            "serving.codec",
            "from .app import create_app",
            "a cycle",
            id="a-cycle",
        ),
        pytest.param(
            "serving.metrics",
            "def late():\n    from ..training import config",
            "serving.metrics imports training.config, which is not below it",
            id="lazily",
        ),
        pytest.param(
            "serving.app",
            "from ..training.config import Config",
            "serving.app imports training.config, which is not below it",
            id="serving-imports-training",
        ),
        pytest.param(
            "training.train",
            f"import {NAME}.serving.codec",
            "training.train imports serving.codec, which is not below it",
            id="training-imports-serving",
        ),
        pytest.param(
            "deploy",
            "from ..errors import ServiceError",
            "deploy imports errors, which is not below it",
            id="deploy-imports-the-library",
        ),
        pytest.param(
            "settings",
            f"from {NAME} import commands",
            "settings imports commands, which is not below it",
            id="absolute",
        ),
        pytest.param(
            "settings", "import iris_classifier", "settings imports iris_classifier", id="project"
        ),
        pytest.param("helpers.strings", "", "helpers has no floor", id="a-new-folder"),
    ],
)
def test_a_planted_violation_is_found(
    tmp_path: Path, module: str, line: str, complaint: str
) -> None:
    package = Path(shutil.copytree(PACKAGE, tmp_path / NAME))
    path = modules(package).get(module, package / f"{module.replace('.', '/')}.py")
    path.parent.mkdir(exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    (actual,) = (violations(package) | undeclared(package)) - violations(PACKAGE)
    assert actual.endswith(complaint)

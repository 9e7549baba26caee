"""Imports go down, and serving and training never meet below the commands."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from package import errors

PACKAGE = Path(errors.__file__).parent
NAME = errors.__name__.partition(".")[0]

# From the ground up. A module may import from the floors below its own, and from no other.
FLOORS = (
    ("", "serving", "training"),
    ("errors",),
    ("settings",),
    ("artifact", "logs", "notify"),
    (
        "tokens",
        *("serving.access", "serving.arrays", "serving.body", "serving.lazy_app"),
        *("serving.schemas",),
        *("training.graphs", "training.quantisation", "training.reference", "training.sections"),
    ),
    (
        *("serving.exchange", "serving.inputs", "serving.outputs", "serving.playground"),
        *("serving.problems", "serving.protocol_schemas", "serving.runtime"),
        *("serving.security", "serving.tensors", "serving.validity"),
        *("training.data", "training.evaluate", "training.gate", "training.model_folder"),
    ),
    (
        *("serving.codec", "serving.inference_protocol", "serving.journal"),
        *("serving.metrics", "serving.predictor", "serving.request_log"),
        *("training.card", "training.export", "training.made", "training.parts"),
        "training.transformer",
    ),
    (
        "serving.service",
        *("training.bag_of_tokens", "training.parity", "training.pipeline"),
    ),
    ("training.boosting", "training.pretrained"),
    ("training.hub",),
    ("training.model",),
    ("training.config", "training.imported"),
    ("training.packing",),
    ("serving.hot_path", "serving.protocol_routes", "serving.routes", "training.train"),
    ("serving.framework",),
    ("serving.app",),
    ("batch", "display", "promotion", "serving.server"),
    ("cli",),
)
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


def modules(package: Path) -> dict[str, Path]:
    """Return the files of a package by their modules' names within it."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return found


def imports(module: str, files: dict[str, Path]) -> Iterator[str]:
    """Yield the package's modules that a module imports, wherever in it the import stands."""
    path = files[module]
    here = module.split(".") if module else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
            inside = [name.split(".")[1:] for name in names if name.split(".")[0] == NAME]
        elif isinstance(node, ast.ImportFrom):
            source = node.module.split(".") if node.module else []
            if node.level:
                depth = node.level - (path.name == "__init__.py")
                source = here[: len(here) - depth] + source
            elif source[0] == NAME:
                source = source[1:]
            else:
                continue
            inside = [[*source, each.name] for each in node.names]
        else:
            continue
        for steps in inside:
            whole = ".".join(steps)
            yield whole if whole in files else ".".join(steps[:-1])


def violations(package: Path) -> list[str]:
    """Return what is wrong with the imports of a package."""
    files = modules(package)
    wrong = [f"{module} is on no floor" for module in files if module not in FLOOR_OF]
    for module in files.keys() & FLOOR_OF.keys():
        for other in set(imports(module, files)):
            sides = {module.split(".")[0], other.split(".")[0]}
            if sides == {"serving", "training"}:
                wrong.append(f"{module} imports {other} across the house")
            elif FLOOR_OF.get(other, 0) >= FLOOR_OF[module]:
                wrong.append(f"{module} imports {other}, which is not below it")
    return wrong


def test_imports_go_down() -> None:
    assert not violations(PACKAGE)


def test_every_module_that_is_imported_was_seen() -> None:
    files = modules(PACKAGE)
    assert set(imports("serving.app", files)) >= {"artifact", "settings", "serving.hot_path"}
    assert "training.train" in set(imports("cli", files))


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        pytest.param(
            "serving.codec",
            "from .app import start",
            "serving.codec imports serving.app, which is not below it",
            id="upwards",
        ),
        pytest.param(
            "serving.metrics",
            "def late():\n    from . import codec",
            "serving.metrics imports serving.codec, which is not below it",
            id="sideways-and-late",
        ),
        pytest.param(
            "serving.app",
            "from ..training.config import Config",
            "serving.app imports training.config across the house",
            id="serving-imports-training",
        ),
        pytest.param(
            "training.train",
            f"import {NAME}.serving.codec",
            "training.train imports serving.codec across the house",
            id="training-imports-serving",
        ),
        pytest.param(
            "serving",
            "from .app import start",
            "serving imports serving.app, which is not below it",
            id="package-imports-its-module",
        ),
        pytest.param(
            "settings",
            f"from {NAME} import logs",
            "settings imports logs, which is not below it",
            id="absolute",
        ),
        pytest.param("helpers", "", "helpers is on no floor", id="module-on-no-floor"),
    ],
)
def test_a_planted_violation_is_caught(
    tmp_path: Path, module: str, line: str, complaint: str
) -> None:
    package = Path(shutil.copytree(PACKAGE, tmp_path / NAME))
    path = modules(package).get(module, package / f"{module}.py")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    assert set(violations(package)) - set(violations(PACKAGE)) == {complaint}

"""Imports go down, and serving and training never meet below the commands."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelserve import errors

PACKAGE = Path(errors.__file__).parent
NAME = errors.__name__.partition(".")[0]

# From the ground up. A module may import from the floors below its own, and from no other.
FLOORS = (
    ("", "commands", "monitoring", "monitoring.report", "serving", "training"),
    (
        "errors",
        *("monitoring.answer_keys", "monitoring.moments", "monitoring.report.svg"),
        "monitoring.report.wording",
    ),
    ("monitoring.hours", "settings", "toml_file"),
    ("artifact", "logs", "monitoring.buckets", "monitoring.config", "notify"),
    (
        *("answers", "bins", "smoke", "tokens"),
        *("monitoring.report_folder", "monitoring.thresholds"),
        *("serving.access", "serving.arrays", "serving.body", "serving.content_types"),
        "serving.lazy_app",
        *("serving.ledger", "serving.part_file", "serving.schemas", "serving.series"),
        *("training.graphs", "training.quantisation", "training.reference", "training.sections"),
    ),
    (
        *("monitoring.findings", "monitoring.replies", "monitoring.statistics"),
        *("serving.exchange", "serving.inputs", "serving.json_route", "serving.key_watch"),
        *("serving.outcomes", "serving.outputs", "serving.playground", "serving.problems"),
        *("serving.protocol_schemas", "serving.runtime", "serving.security", "serving.spool"),
        *("serving.tensors", "serving.validity"),
        *("training.data", "training.evaluate", "training.gate", "training.model_folder"),
    ),
    (
        *("monitoring.baseline", "monitoring.chance", "monitoring.exposition"),
        *("monitoring.forms", "monitoring.lines", "monitoring.outcomes"),
        *("monitoring.report.bars", "monitoring.report.markup", "monitoring.report.reliability"),
        "monitoring.violations",
        *("serving.codec", "serving.inference_protocol", "serving.journal", "serving.predictor"),
        *("training.card", "training.export", "training.made", "training.parts"),
        "training.transformer",
    ),
    (
        *("monitoring.fairness", "monitoring.inputs", "monitoring.performance"),
        *("monitoring.records", "monitoring.report.headline", "monitoring.report.plots"),
        *("monitoring.report.read", "monitoring.tally"),
        *("serving.capture", "serving.feedback", "serving.metrics", "serving.request_log"),
        *("training.bag_of_tokens", "training.parity", "training.pipeline"),
    ),
    (
        *("monitoring.confidence", "monitoring.drift", "monitoring.exchanges"),
        *("monitoring.ground_truth", "monitoring.report.fields", "monitoring.report.outcomes"),
        *("serving.csv_codec", "serving.json_lines", "serving.observations", "serving.service"),
    ),
    (
        *("monitoring.captures", "monitoring.evidence", "monitoring.report.fairness"),
        *("monitoring.report.labels", "serving.invocations"),
        *("training.boosting", "training.pretrained"),
    ),
    ("monitoring.conclusion", "monitoring.processes", "monitoring.report.page", "training.hub"),
    ("monitoring.job", "training.model"),
    ("training.config", "training.imported"),
    ("training.packing",),
    ("serving.hot_path", "serving.protocol_routes", "serving.routes", "training.train"),
    ("serving.feedback_routes", "serving.platform"),
    ("serving.framework",),
    ("serving.app",),
    ("batch", "display", "promotion", "serving.server"),
    ("commands.options",),
    ("commands.artifacts", "commands.monitoring", "commands.serving", "commands.training"),
    ("cli",),
)
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


def modules(package: Path) -> dict[str, Path]:
    """Return the files of a package by their modules' names within it."""
    found = {}
    for path in modelserve.rglob("*.py"):
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
    assert "training.train" in set(imports("commands.training", files))


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
            "def late():\n    from . import feedback",
            "serving.metrics imports serving.feedback, which is not below it",
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

"""The five steps of docs/add-an-option.md, taken on a copy of the template."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.bakery import FOLDER, TEMPLATE, BakedProject, bake_into
from tests.history import run_in

pytestmark = pytest.mark.covering

NAME = "extra-trees-classifier"
MODEL = '''"""The model: a forest of extremely randomized trees."""

import modelserve
from modelserve import ExportedModel, Table, export_pipeline, fit_pipeline
from pydantic import Field
from sklearn.ensemble import ExtraTreesClassifier

from .features import transformers


class Options(modelserve.Options):
    """The keys of `[model]` in config/training.toml."""

    n_estimators: int = Field(default=60, ge=1)


def build(options: Options, seed: int) -> ExtraTreesClassifier:
    """Return the estimator, not fitted yet."""
    return ExtraTreesClassifier(options.n_estimators, min_samples_leaf=2, random_state=seed)


def train(table: Table, options: Options, seed: int) -> ExportedModel:
    """Return the estimator fitted to every row, as an ONNX graph."""
    fitted = fit_pipeline(table, transformers(table), build(options, seed))
    return export_pipeline(fitted, table, labels=tuple(map(str, fitted.classes_)))
'''


def run(template: Path, *words: str) -> str:
    """Run a module of Python's in a template, which must succeed."""
    return run_in(template, sys.executable, "-m", *words)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template after the first four steps."""
    copy = tmp_path_factory.mktemp("extended") / "template"
    made = shutil.ignore_patterns(".git", ".venv*", ".nox", "*_cache", "__pycache__")
    shutil.copytree(TEMPLATE, copy, ignore=made)
    options = copy / FOLDER.name / "_options"

    shutil.copytree(options / "model" / "scikit-learn-classifier", options / "model" / NAME)
    package = options / "model" / NAME / "src" / "{{cookiecutter.__package_name}}"
    (package / "model.py").write_text(MODEL, encoding="utf-8")

    questions = copy / "cookiecutter.json"
    content = json.loads(questions.read_text(encoding="utf-8"))
    content["model"].append(NAME)
    content["__prompts__"]["model"][NAME] = "a forest of extra trees"
    questions.write_text(json.dumps(content, indent=2), encoding="utf-8")

    library = copy / FOLDER.name / "vendor" / "modelserve" / "pyproject.toml"
    text = library.read_text(encoding="utf-8")
    extras = "[project.optional-dependencies]\n"
    assert extras in text
    extra = 'extra-trees = ["modelserve[scikit-learn]"]\n'
    library.write_text(text.replace(extras, extras + extra), encoding="utf-8", newline="\n")
    run(copy, "tests.renew", "vendored")

    locks = options / "framework" / "extra-trees" / "requirements"
    locks.mkdir(parents=True)
    for name in ("serving", "training", "development"):
        (locks / f"{name}.txt").touch()
    run(copy, "tests.renew", "locks", NAME)
    run(copy, "tests.renew", "snapshots", NAME)
    return copy


def test_the_templates_own_tests_know_the_new_model(extended: Path) -> None:
    """Without a line of test: its files, names, formatting and questions are checked."""
    names = ("projects", "questions", "linters", "identity")
    modules = [f"tests/test_{name}.py" for name in names]
    said = run(extended, "pytest", "-q", "-n0", *modules, "-k", NAME)
    assert re.search(r"\d+ passed", said)
    assert "failed" not in said


def test_the_new_model_trains_and_passes_every_test_of_its_project(
    extended: Path, tmp_path: Path
) -> None:
    """They are written against the artifact's schema, and know nothing of the model."""
    project: BakedProject = bake_into(tmp_path / "output", {"model": NAME}, extended)
    for session in ("types", "tests", "train"):
        done = project.run("nox", "-s", session)
        assert done.returncode == 0, done.stdout

    card = project.read("model/MODEL_CARD.md")
    assert re.search(r"libraries: .*scikit-learn \d", card)

"""The five steps of docs/add-an-option.md, taken on a copy of the template."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bakery import FOLDER, TEMPLATE, BakedProject, bake_into, tool_environment
from tests.covering import without_what_is_proved

pytestmark = pytest.mark.covering

NAME = "extra-trees-classifier"
MODEL = '''"""The second seam: your model. A forest of extra trees."""

from pydantic import Field
from sklearn.ensemble import ExtraTreesClassifier

from . import pipeline
from .data import Dataset
from .made import Made
from .sections import Section


class Options(Section):
    """What `[model]` in config/training.toml may say."""

    trees: int = Field(default=60, ge=1)


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model, fitted to every row of `training`, with its graph."""
    trees = ExtraTreesClassifier(options.trees, min_samples_leaf=2, random_state=seed)
    fitted = pipeline.fit(training, trees)
    labels = tuple(map(str, fitted.classes_))
    return pipeline.hand_over(fitted, training, labels=labels, libraries=("scikit-learn",))
'''


def run(template: Path, *words: str) -> str:
    """Run a module of Python's in a template, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=template,
        env=tool_environment(),
        check=False,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template after the first four steps."""
    copy = tmp_path_factory.mktemp("extended") / "template"
    made = shutil.ignore_patterns(".git", ".venv*", ".nox", "*_cache", "__pycache__")
    shutil.copytree(TEMPLATE, copy, ignore=made)
    options = copy / FOLDER.name / "_options"

    model = options / "model" / NAME / "src" / "{{cookiecutter.__package_name}}" / "training"
    model.mkdir(parents=True)
    (model / "model.py").write_text(MODEL, encoding="utf-8")

    questions = copy / "cookiecutter.json"
    content = json.loads(questions.read_text(encoding="utf-8"))
    content["model"].append(NAME)
    content["__prompts__"]["model"][NAME] = "a forest of extra trees"
    questions.write_text(json.dumps(content, indent=2), encoding="utf-8")

    locks = options / "framework" / "extra-trees" / "requirements"
    locks.mkdir(parents=True)
    for name in ("serving", "training", "development"):
        (locks / f"{name}.txt").touch()
    run(copy, "tests.renew", "locks", NAME)
    run(copy, "tests.renew", "snapshots", NAME)
    return copy


def test_the_templates_own_tests_know_the_new_model(extended: Path) -> None:
    """Without a line of test: its files, names, formatting and questions are checked."""
    modules = ("tests/test_projects.py", "tests/test_questions.py", "tests/test_linters.py")
    said = run(extended, "pytest", "-q", *modules, "-k", NAME)
    assert re.search(r"\d+ passed", said)
    assert "failed" not in said


def test_the_new_model_trains_and_passes_every_test_of_its_project(
    extended: Path, tmp_path: Path
) -> None:
    """The tests of its task, its modality and its sample, which know nothing of it.

    Those that depend on less than that have run for another classifier.
    """
    project: BakedProject = bake_into(tmp_path / "output", {"model": NAME}, extended)
    options = without_what_is_proved(NAME)
    for session in ("types", "tests", "train"):
        done = project.run("nox", "-s", session, PYTEST_ADDOPTS=options)
        assert done.returncode == 0, done.stdout

    card = project.read("model/MODEL_CARD.md")
    assert re.search(r"libraries: scikit-learn \d", card)

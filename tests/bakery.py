"""Bake projects from the template, or from a changed copy of it."""

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[1]
FOLDER = TEMPLATE / "{{cookiecutter.project_slug}}"
LIBRARY = FOLDER / "vendor" / "modelserve"
QUESTIONS: dict = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
CHOICES = {
    question: options
    for question, options in QUESTIONS.items()
    if isinstance(options, list) and not question.startswith("_")
}
# These change lines, not the set of files: each choice is baked once, and they do not multiply.
ONCE_EACH = ("python_version", "license", "language")

GENERATED = {".git", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}

Answers = dict[str, str]


def combinations() -> list[Answers]:
    """Return every combination of the choices that change the tree."""
    shaping = [question for question in CHOICES if question not in ONCE_EACH]
    products = itertools.product(*(CHOICES[question] for question in shaping))
    return [dict(zip(shaping, choices, strict=True)) for choices in products]


def covering_set() -> list[Answers]:
    """Return as few combinations as hold every choice at least once."""
    chosen: list[Answers] = []
    while True:
        seen = {pair for other in chosen for pair in other.items()}
        # The first of those that bring the most: the choices of all questions advance together.
        most = max(combinations(), key=lambda answers: len(answers.items() - seen))
        if most.items() <= seen:
            return chosen
        chosen.append(most)


def single_choices() -> list[Answers]:
    """Return each choice that changes only lines, on its own."""
    return [{question: choice} for question in ONCE_EACH for choice in CHOICES[question]]


def name_of(answers: Answers) -> str:
    """Name a combination, for a test's id and for a snapshot."""
    return "--".join(answers.values())


def literal(text: str) -> str:
    """Keep cookiecutter from rendering an answer that is not typed at its prompt."""
    return "{% raw %}" + text + "{% endraw %}"


@dataclass(frozen=True)
class BakedProject:
    """A project on disk, with the answers that it was made from."""

    path: Path
    answers: dict

    @property
    def slug(self) -> str:
        """Return the project's short name."""
        return self.answers["project_slug"]

    @property
    def package(self) -> str:
        """Return the name of the project's package."""
        return self.answers["__package_name"]

    def files(self) -> list[str]:
        """List the project's files, sorted, with forward slashes; not what tools generate."""
        return sorted(
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file() and GENERATED.isdisjoint(path.parts)
        )

    def own_files(self) -> list[str]:
        """List the files that belong to the project's user: all but the library's."""
        return [name for name in self.files() if not name.startswith("vendor/")]

    def read(self, name: str) -> str:
        """Return the text of one of the project's files."""
        return (self.path / name).read_text(encoding="utf-8")

    def contents(self) -> dict[str, bytes]:
        """Return every file with its content."""
        return {name: (self.path / name).read_bytes() for name in self.files()}

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, with this environment's tools at hand."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=tool_environment() | environment,
            check=False,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def load_vendored() -> ModuleType:
    """Return the library's module that lists and compares its files' hashes."""
    path = LIBRARY / "src" / "modelserve" / "vendored.py"
    spec = importlib.util.spec_from_file_location("vendored", path)
    assert spec, path
    assert spec.loader, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tool_environment() -> dict[str, str]:
    """Return an environment that finds our tools and does not believe in our `.venv`."""
    ours = {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    tools = Path(sys.executable).parent
    return environment | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}


def write_config(folder: Path) -> Path:
    """Write a cookiecutter configuration that keeps the user's own out of a test."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "cookiecutter.yaml"
    places = {"cookiecutters_dir": str(folder), "replay_dir": str(folder / "replay")}
    config.write_text(json.dumps(places), encoding="utf-8")
    return config


def bake_into(output: Path, answers: Answers, template: Path = TEMPLATE, **how) -> BakedProject:
    """Bake a project into a folder; what is not answered keeps its default."""
    config = write_config(output.with_name(f"{output.name}-config"))
    if "replay" not in how:
        how |= {"no_input": True, "extra_context": answers}
    path = cookiecutter(str(template), output_dir=str(output), config_file=str(config), **how)
    (replay,) = (config.parent / "replay").glob("*.json")
    context = json.loads(replay.read_text(encoding="utf-8"))
    return BakedProject(Path(path), context["cookiecutter"])


def copy_template(target: Path) -> Path:
    """Copy what makes the template, so that a test can spoil it; return its project folder."""
    target.mkdir(parents=True)
    shutil.copy(TEMPLATE / "cookiecutter.json", target)
    for folder in (TEMPLATE / "hooks", FOLDER):
        shutil.copytree(
            folder,
            target / folder.name,
            ignore=shutil.ignore_patterns("__pycache__", ".venv", ".*_cache"),
        )
    return target / FOLDER.name

"""Projects for the engine's tests, assembled in place from the template's own folders."""

import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelserve import Project
from modelserve.artifact import Artifact
from modelserve.training.config import Config, load_config
from modelserve.training.train import train

TEMPLATE = Path(__file__).parents[2]
FOLDER = TEMPLATE / "{{cookiecutter.project_slug}}"
LIBRARY = FOLDER / "vendor" / "modelserve"
PACKAGE = "{{cookiecutter.__package_name}}"

# The model, the sample and the locks of each.
FAMILIES = {
    "iris": ("scikit-learn-classifier", "iris", "scikit-learn"),
    "diabetes": ("scikit-learn-regressor", "diabetes", "scikit-learn"),
    "iris_xgboost": ("xgboost-classifier", "iris", "xgboost"),
    "diabetes_xgboost": ("xgboost-regressor", "diabetes", "xgboost"),
    "sentiment": ("huggingface-text-classifier", "sentiment", "huggingface"),
}
METADATA = """\
[project]
name = "{name}"
version = "0.1.0"
license = "MIT"
"""


@dataclass(frozen=True)
class Family:
    """A project as it is baked, without a bake: only copied, for nothing of it is rendered."""

    name: str
    root: Path

    @property
    def package(self) -> str:
        """Return the name of the project's package."""
        return f"{self.name}_model"

    @cached_property
    def project(self) -> Project:
        """Return the project, importable."""
        return Project(self.package, self.root)

    @cached_property
    def config(self) -> Config:
        """Return the project's training configuration."""
        return load_config(self.root / "config" / "training.toml", self.project.options)

    @cached_property
    def artifact(self) -> Artifact:
        """Return the artifact of one training run, which no test may change."""
        return train(self.project, self.config, self.root / "model").artifact

    @property
    def command(self) -> list[str]:
        """Return the words that start the project's command line."""
        return [sys.executable, "-m", self.package]

    @property
    def python_path(self) -> str:
        """Return a PYTHONPATH by which a process finds the project and the library."""
        return f"{self.root / 'src'}:{LIBRARY / 'src'}"


def assemble(name: str, root: Path) -> Family:
    """Copy what makes a project to a folder that does not exist yet, and make it importable."""
    model, sample, framework = FAMILIES[name]
    family = Family(name, root)
    source = root / "src" / family.package
    overlays = FOLDER / "_options"
    ignored = shutil.ignore_patterns("__pycache__")
    for origin in (FOLDER, overlays / "language" / "en", overlays / "model" / model):
        shutil.copytree(origin / "src" / PACKAGE, source, ignore=ignored, dirs_exist_ok=True)
    for origin, target in (
        (overlays / "sample" / sample, root),
        (overlays / "framework" / framework, root),
        (FOLDER / "config", root / "config"),
        (FOLDER / "monitoring", root / "monitoring"),
    ):
        shutil.copytree(origin, target, ignore=ignored, dirs_exist_ok=True)
    text = METADATA.format(name=family.project.name)
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    sys.path.insert(0, str(root / "src"))
    return family

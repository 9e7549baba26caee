"""What the tests of training share: the project's model.py, and further training runs."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from modelserve import Project
from modelserve.training.config import Config
from modelserve.training.train import Run, train

from tests.engine.families import Family

Train = Callable[..., Run]


@pytest.fixture
def model(family: Family) -> ModuleType:
    """Return the project's model.py."""
    return import_module(f"{family.package}.model")


@pytest.fixture
def train_again(project: Project, config: Config) -> Train:
    """Return a function that trains once more, with changes to the configuration."""

    def run(output: Path, **changes: Any) -> Run:
        return train(project, config.model_copy(update=changes), output)

    return run

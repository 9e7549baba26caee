"""What the tests of training share: another run, with something changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from package.cli import NAME
from package.training.config import Config
from package.training.train import Run, train

Train = Callable[..., Run]


@pytest.fixture
def train_again(config: Config) -> Train:
    """Return a way to run the training once more, with changes to its configuration."""

    def run(output: Path, **changes: Any) -> Run:
        changed = config.model_copy(update=changes)
        return train(changed, output, project=output.parent, name=NAME)

    return run

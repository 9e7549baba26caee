"""A table with missing values and categories, and its model and service."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Project, artifact
from modelserve.artifact import Artifact
from modelserve.training.config import Config
from modelserve.training.sections import DataSection, Gate, OutputSection, SplitSection
from modelserve.training.splits import Splits, split
from modelserve.training.tasks import load_task
from modelserve.training.train import train
from starlette.testclient import TestClient

ROWS = 600
WORTH = {"Besançon": 0.0, "São Paulo": 20.0, "Łódź an der Łódka": 60.0}
CLASSES = ("A+", 'B, "renovated"')
NULLABLE = ("living area", "town", "rooms", "garden")

Row = dict[str, Any]
MakeClient = Callable[..., TestClient]


def make_table(task: str) -> pd.DataFrame:
    """Return houses and what they are worth, with missing values in columns of each dtype."""
    random = np.random.default_rng(20)
    table = pd.DataFrame(
        {
            "living area": random.gamma(8, 12, ROWS).round(1),
            "town": random.choice(list(WORTH), ROWS),
            "rooms": pd.array(random.integers(1, 9, ROWS), dtype="Int64"),
            "garden": pd.array(random.random(ROWS) < 0.4, dtype="boolean"),
            "built": random.integers(1890, 2020, ROWS),
            "energy class": random.choice(CLASSES, ROWS),
            "ceiling": random.normal(2.6, 0.2, ROWS).round(2),
            "heated": random.random(ROWS) < 0.8,
        }
    )
    worth = table["living area"] + table["town"].map(WORTH) + 30 * table["garden"].astype(float)
    worth += random.normal(scale=10, size=ROWS)
    for name in NULLABLE:
        table.loc[random.random(ROWS) < 0.1, name] = None
    labels = np.where(worth > worth.median(), "hoch", "günstig")
    return table.assign(worth=labels if task == "classifier" else worth.round(3))


@pytest.fixture(scope="session")
def changed(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the project's configuration with other data, and without a gate."""
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    make_table(config.task).to_csv(path, index=False)
    changes = {
        "data": DataSection(path=path, target="worth"),
        "split": SplitSection(test_size=0.2, calibration_size=0.25),
        "gate": Gate(),
        "output": OutputSection(),
    }
    return config.model_copy(update=changes)


@pytest.fixture(scope="session")
def splits(project: Project, changed: Config) -> Splits:
    """Return the splits of the table in a training run."""
    return split(project.load(changed.data), changed.split, load_task(changed.task), changed.seed)


@pytest.fixture(scope="session")
def houses(project: Project, changed: Config) -> Artifact:
    """Return the artifact of a run on the table."""
    return train(project, changed, changed.data.path.with_name("model")).artifact


@pytest.fixture(scope="session")
def cases(houses: Artifact) -> list[Row]:
    """Return the golden cases."""
    actual: list[Row] = houses.read_json(artifact.GOLDEN)
    return actual


@pytest.fixture
def full(cases: list[Row]) -> Row:
    """Return a row without missing values."""
    return next(case["input"] for case in cases if None not in case["input"].values())


@pytest.fixture
def client(make_client: MakeClient, houses: Artifact) -> TestClient:
    """Return a client of the service that serves the table's model."""
    return make_client(model_dir=houses.folder, degraded_answers=False)

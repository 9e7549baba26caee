"""A table as they are in real life, and the model and the service that are made of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from package import artifact
from package.artifact import Artifact
from package.cli import NAME
from package.training import data, evaluate
from package.training.config import Config
from package.training.parts import Parts, split
from package.training.sections import DataSection, Gate
from package.training.train import train

ROWS = 600
WORTH = {"Besançon": 0.0, "São Paulo": 20.0, "Łódź an der Łódka": 60.0}
CLASSES = ("A+", 'B, "renovated"')
GAPPY = ("living area", "town", "rooms", "garden")

Row = dict[str, Any]
MakeClient = Callable[..., TestClient]


def make_table() -> pd.DataFrame:
    """Return houses, what they are worth, and gaps in several columns of each kind."""
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
    for name in GAPPY:
        table.loc[random.random(ROWS) < 0.1, name] = None
    labels = np.where(worth > worth.median(), "hoch", "günstig")
    return table.assign(worth=labels if evaluate.TASK == "classifier" else worth.round(3))


@pytest.fixture(scope="session")
def changed(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the project's own configuration, but for the data and what is expected of them."""
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    make_table().to_csv(path, index=False)
    section = DataSection(path=path, target="worth", test_share=0.2, calibration_share=0.25)
    return config.model_copy(update={"data": section, "gate": Gate(), "output": evaluate.Output()})


@pytest.fixture(scope="session")
def parts(changed: Config) -> Parts:
    """Return the table's rows as a run parts them."""
    return split(data.load(changed.data), changed.data, changed.seed)


@pytest.fixture(scope="session")
def houses(changed: Config) -> Artifact:
    """Return the artifact of a run on the table."""
    folder = changed.data.path.parent
    return train(changed, folder / "model", project=folder, name=NAME).artifact


@pytest.fixture(scope="session")
def cases(houses: Artifact) -> list[Row]:
    """Return the golden cases."""
    found: list[Row] = houses.read_json(artifact.GOLDEN)
    return found


@pytest.fixture
def full(cases: list[Row]) -> Row:
    """Return a row without gaps."""
    return next(case["input"] for case in cases if None not in case["input"].values())


@pytest.fixture
def client(make_client: MakeClient, houses: Artifact) -> TestClient:
    """Return a client of the service that serves the table's model."""
    return make_client(model_dir=houses.folder, degraded_answers=False)

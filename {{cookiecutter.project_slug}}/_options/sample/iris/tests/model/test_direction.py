"""What a botanist knows of irises, the model must know: petals grow from setosa to virginica."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.artifact import Artifact
from package.training import data
from package.training.config import Config

Answer = Callable[..., np.ndarray]
GROWTH = ("setosa", "versicolor", "virginica")
TYPICAL = {"sepal_length": 5.8, "sepal_width": 3.0, "petal_length": 3.8, "petal_width": 1.2}
RANGES = {"petal_length": (1.0, 6.9), "petal_width": (0.1, 2.5)}
STEPS = np.linspace(0, 1, 12)


@pytest.fixture
def shares(found: Artifact, config: Config, answer: Answer) -> Callable[..., np.ndarray]:
    """Return a way to what the model says on average, of shape (steps, 3), as petals grow.

    Every flower of the data is asked about with the named measures in the place of its own, so
    that no single one decides: a partial dependence.
    """
    flowers = data.load(config.data).rows.to_dict("records")
    order = [found.manifest.labels.index(label) for label in GROWTH]

    def ask(*names: str) -> np.ndarray:
        changes = [
            {
                name: low + (high - low) * float(step)
                for name in names
                for low, high in [RANGES[name]]
            }
            for step in STEPS
        ]
        asked = [answer([flower | change for flower in flowers]) for change in changes]
        return np.array([shares.mean(axis=0)[order] for shares in asked])

    return ask


@pytest.mark.parametrize(
    ("names", "least"),
    [
        pytest.param(["petal_length"], 0.8, id="longer petals"),
        pytest.param(["petal_width"], 0.05, id="wider petals"),
        pytest.param(["petal_length", "petal_width"], 1.5, id="both"),
    ],
)
def test_larger_petals_push_from_setosa_to_virginica(
    shares: Callable[..., np.ndarray], names: list[str], least: float
) -> None:
    place = shares(*names) @ [0, 1, 2]
    rise = place[-1] - place[0]
    assert rise >= least
    assert np.diff(place).min() >= -0.05 * rise  # a tree's step may go back a little, no more


def test_each_species_has_its_time_as_petals_grow(shares: Callable[..., np.ndarray]) -> None:
    first, middle, last = shares("petal_length", "petal_width")[[0, 6, -1]]
    assert [first.argmax(), middle.argmax(), last.argmax()] == [0, 1, 2]
    assert min(first.max(), middle.max(), last.max()) > 0.5


@pytest.mark.parametrize(
    ("petal_length", "petal_width", "label"),
    [
        pytest.param(1.4, 0.2, "setosa", id="small"),
        pytest.param(4.2, 1.3, "versicolor", id="middle"),
        pytest.param(6.0, 2.3, "virginica", id="large"),
    ],
)
def test_a_typical_flower_is_told_by_its_petals(
    found: Artifact, answer: Answer, petal_length: float, petal_width: float, label: str
) -> None:
    flower = TYPICAL | {"petal_length": petal_length, "petal_width": petal_width}
    assert found.manifest.labels[answer([flower]).argmax()] == label


@pytest.mark.parametrize("hair", [0.001, -0.001], ids=["more", "less"])
def test_a_hair_more_or_less_changes_no_label(
    answer: Answer, golden: list[Any], hair: float
) -> None:
    rows = [case["input"] for case in golden]
    nudged = [{name: value + hair for name, value in row.items()} for row in rows]
    assert (answer(rows).argmax(axis=1) == answer(nudged).argmax(axis=1)).all()

"""What a botanist knows of irises, the model must know: petals grow from setosa to virginica."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.artifact import Artifact

Answer = Callable[..., np.ndarray]
TYPICAL = {"sepal_length": 5.8, "sepal_width": 3.0, "petal_length": 3.8, "petal_width": 1.2}
STEPS = np.linspace(0, 1, 12)


def flowers(**ranges: tuple[float, float]) -> list[dict[str, Any]]:
    """Return a typical flower whose named measures grow from one end to the other."""
    return [
        TYPICAL | {name: low + (high - low) * float(step) for name, (low, high) in ranges.items()}
        for step in STEPS
    ]


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param({"petal_length": (1.0, 6.9)}, id="longer petals"),
        pytest.param({"petal_width": (0.1, 2.5)}, id="wider petals"),
        pytest.param({"petal_length": (1.0, 6.9), "petal_width": (0.1, 2.5)}, id="both"),
    ],
)
def test_larger_petals_push_from_setosa_to_virginica(
    found: Artifact, answer: Answer, ranges: dict[str, tuple[float, float]]
) -> None:
    shares = dict(zip(found.manifest.labels, answer(flowers(**ranges)).T, strict=True))
    assert (np.diff(shares["setosa"]) <= 0).all()
    assert (np.diff(shares["virginica"]) >= 0).all()
    assert shares["setosa"][0] > shares["setosa"][-1] + 0.05
    assert shares["virginica"][-1] > shares["virginica"][0] + 0.05


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


def test_a_hair_more_or_less_changes_no_label(answer: Answer, golden: list[Any]) -> None:
    rows = [case["input"] for case in golden]
    nudged = [{name: value + 0.001 for name, value in row.items()} for row in rows]
    assert (answer(rows).argmax(axis=1) == answer(nudged).argmax(axis=1)).all()

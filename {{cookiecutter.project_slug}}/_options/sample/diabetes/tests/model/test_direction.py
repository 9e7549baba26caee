"""What a doctor knows of diabetes, the model must know: what makes it progress."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.training import data
from package.training.config import Config

Answer = Callable[..., np.ndarray]
STEPS = np.linspace(0.05, 0.95, 7)  # few patients lie beyond, and tell little

Foretold = Callable[[str], np.ndarray]


@pytest.fixture
def patients(config: Config) -> list[dict[str, Any]]:
    """Return every patient of the study."""
    return data.load(config.data).rows.to_dict("records")


@pytest.fixture
def foretold(patients: list[dict[str, Any]], answer: Answer) -> Foretold:
    """Return a way to what is foretold on average as one measure grows, of shape (steps,).

    Every patient is asked about with that measure in the place of their own: a partial dependence.
    """

    def ask(name: str) -> np.ndarray:
        values = np.quantile([float(patient[name]) for patient in patients], STEPS)
        asked = ([patient | {name: float(value)} for patient in patients] for value in values)
        return np.array([answer(rows).mean() for rows in asked])

    return ask


@pytest.mark.parametrize("name", ["body_mass_index", "blood_pressure", "log_triglycerides"])
def test_what_makes_it_progress_pushes_the_foretold_progression_up(
    foretold: Foretold, name: str
) -> None:
    averages = foretold(name)
    rise = averages[-1] - averages[0]
    assert rise > 15
    assert np.diff(averages).min() >= -0.2 * rise  # a tree's step may go back a little, no more


def test_high_density_lipoproteins_push_it_down(foretold: Foretold) -> None:
    averages = foretold("high_density_lipoproteins")
    assert averages[0] - averages[-1] > 3


def test_a_patient_at_risk_is_told_from_one_who_is_not(
    patients: list[dict[str, Any]], answer: Answer
) -> None:
    names = ("body_mass_index", "blood_pressure", "log_triglycerides")
    low, high = (
        {name: float(np.quantile([p[name] for p in patients], share)) for name in names}
        for share in (0.1, 0.9)
    )
    lean, heavy = (answer([patient | change for patient in patients]) for change in (low, high))
    assert (heavy > lean).all()
    assert heavy.mean() > 2 * lean.mean()

"""The reference says how many training values fell into which bin, and every value into one."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from package import artifact
from package.artifact import Artifact
from package.training import reference
from package.training.config import Config

RANDOM = np.random.default_rng(5)
SAMPLES = [
    pytest.param(RANDOM.normal(size=1_000), 10, id="spread"),
    pytest.param(RANDOM.integers(0, 3, size=200), 10, id="three values"),
    pytest.param(RANDOM.integers(0, 2, size=50), 2, id="yes and no"),
    pytest.param(np.repeat([1.0, 2.0], [199, 1]), 10, id="nearly constant"),
    pytest.param(np.repeat([1.0, 2.0], [1, 199]), 10, id="one below the rest"),
    pytest.param(np.full(30, 4.2), 10, id="constant"),
    pytest.param(np.array([3.0]), 10, id="one row"),
    pytest.param(RANDOM.exponential(size=7), 20, id="fewer rows than bins"),
    pytest.param(np.round(RANDOM.normal(size=500), 1), 10, id="ties"),
]


@pytest.mark.parametrize(("values", "bins"), SAMPLES)
def test_every_value_falls_into_exactly_one_bin(values: NDArray[np.float64], bins: int) -> None:
    column = values.astype(np.float32)

    made = reference.histogram(column, bins=bins)

    bounds = [-np.inf, *made["edges"], np.inf]
    expected = [int(((low < column) & (column <= high)).sum()) for low, high in pairwise(bounds)]
    assert made["counts"] == expected
    assert sum(made["counts"]) == len(column)


@pytest.mark.parametrize(("values", "bins"), SAMPLES)
def test_no_bin_is_empty_and_no_edge_is_twice(values: NDArray[np.float64], bins: int) -> None:
    made = reference.histogram(values.astype(np.float32), bins=bins)
    assert len(made["counts"]) == len(made["edges"]) + 1 <= bins
    assert all(count > 0 for count in made["counts"])
    assert made["edges"] == sorted(set(made["edges"]))


def test_bins_of_distinct_values_are_equally_full() -> None:
    made = reference.histogram(np.arange(100, dtype=np.float32), bins=4)
    assert made == {"edges": [24.0, 49.0, 74.0], "counts": [25, 25, 25, 25], "missing": 0}


def test_a_value_on_an_edge_belongs_to_the_bin_below() -> None:
    made = reference.histogram(np.array([1, 1, 2, 2], dtype=np.float32), bins=2)
    assert made == {"edges": [1.0], "counts": [2, 2], "missing": 0}


def test_a_constant_column_has_one_bin() -> None:
    made = reference.histogram(np.full(5, 0.1, dtype=np.float32), bins=10)
    assert made == {"edges": [], "counts": [5], "missing": 0}


def test_missing_numbers_are_counted_apart() -> None:
    made = reference.histogram(np.array([1, np.nan, 2, np.nan], dtype=np.float32), bins=2)
    assert made == {"edges": [1.0], "counts": [1, 1], "missing": 2}


def test_categories_are_counted_by_name() -> None:
    made = reference.tally(np.array(["b", "", "a", "b"], dtype=object))
    assert made == {"categories": ["a", "b"], "counts": [1, 2], "missing": 1}


def test_what_is_watched_keeps_its_name() -> None:
    observed = {
        "b": np.array([0, 1], dtype=np.float32),
        "a": np.array(["x", "x"], dtype=object),
    }
    answers = np.array([[0], [1]], dtype=np.float32)

    made = reference.summarise(observed, answers, bins=2)

    assert made["rows"] == 2
    assert list(made["features"]) == ["b", "a"]
    assert made["features"] == {
        "b": {"edges": [0.0], "counts": [1, 1], "missing": 0},
        "a": {"categories": ["x"], "counts": [2], "missing": 0},
    }
    assert made["outputs"] == [{"edges": [0.0], "counts": [1, 1], "missing": 0}]


def test_the_artifacts_reference_counts_every_training_row(found: Artifact, config: Config) -> None:
    kept = found.read_json(artifact.REFERENCE)
    histograms = [*kept["features"].values(), *kept["outputs"]]
    assert kept["rows"] == found.manifest.data.training_rows
    assert {sum(each["counts"]) + each["missing"] for each in histograms} == {kept["rows"]}
    assert max(len(each["counts"]) for each in histograms) <= config.reference.bins
    assert len(kept["outputs"]) == len(found.manifest.prior)

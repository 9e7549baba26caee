"""The reference counts every training value in exactly one bin."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from modelserve import Project, answers, artifact
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.training import reference
from modelserve.training.config import Config
from modelserve.training.parity import run_graph
from modelserve.training.splits import Splits, split
from modelserve.training.tasks import load_task
from numpy.typing import NDArray

FAMILIES = ("iris", "diabetes", "sentiment")
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

    histogram = reference.histogram(column, bins=bins)

    bounds = [-np.inf, *histogram["edges"], np.inf]
    expected = [int(((low < column) & (column <= high)).sum()) for low, high in pairwise(bounds)]
    assert histogram["counts"] == expected
    assert sum(histogram["counts"]) == len(column)


@pytest.mark.parametrize(("values", "bins"), SAMPLES)
def test_no_bin_is_empty_and_no_edge_occurs_twice(values: NDArray[np.float64], bins: int) -> None:
    histogram = reference.histogram(values.astype(np.float32), bins=bins)
    assert len(histogram["counts"]) == len(histogram["edges"]) + 1 <= bins
    empty = [0, 2] if len(np.unique(values)) == 1 else []  # below a constant, and above
    assert [i for i, count in enumerate(histogram["counts"]) if count == 0] == empty
    assert histogram["edges"] == sorted(set(histogram["edges"]))


def test_bins_of_distinct_values_are_equally_full() -> None:
    histogram = reference.histogram(np.arange(100, dtype=np.float32), bins=4)
    assert histogram == {"edges": [24.0, 49.0, 74.0], "counts": [25, 25, 25, 25], "missing": 0}


def test_a_value_on_an_edge_belongs_to_the_bin_below() -> None:
    histogram = reference.histogram(np.array([1, 1, 2, 2], dtype=np.float32), bins=2)
    assert histogram == {"edges": [1.0], "counts": [2, 2], "missing": 0}


@pytest.mark.parametrize("constant", [0.1, 0, 1, -3, 1e-5, 1e7])
def test_other_values_than_a_constant_are_in_other_bins(constant: float) -> None:
    shape = reference.histogram(np.full(5, constant, dtype=np.float32), bins=10)
    assert shape["counts"] == [0, 5, 0]
    apart = max(1, abs(constant) / 100)
    others = np.array([constant - apart, constant, constant + apart, np.nan], dtype=np.float32)
    assert Bins(shape).count(others).tolist() == [1, 1, 1, 1]


def test_a_value_of_nearly_all_rows_has_a_bin_of_its_own() -> None:
    for value, other in ((1, 0), (0, 1), (7, 2)):
        values = np.array([value] * 97 + [other] * 3, dtype=np.float32)
        shape = reference.histogram(values, bins=10)
        assert sorted(shape["counts"]) == [3, 97]


def test_missing_numbers_are_counted_apart() -> None:
    histogram = reference.histogram(np.array([1, np.nan, 2, np.nan], dtype=np.float32), bins=2)
    assert histogram == {"edges": [1.0], "counts": [1, 1], "missing": 2}


def test_categories_are_counted_by_name() -> None:
    histogram = reference.tally(np.array(["b", "", "a", "b"], dtype=object))
    assert histogram == {"categories": ["a", "b"], "counts": [1, 2], "missing": 1}


def test_known_categories_are_counted_in_their_order_even_without_rows() -> None:
    histogram = reference.tally(np.array(["b", "a", "b"], dtype=object), known=["c", "b", "a"])
    assert histogram == {"categories": ["c", "b", "a"], "counts": [0, 2, 1], "missing": 0}


def test_every_field_keeps_its_name() -> None:
    inputs = {
        "b": np.array([0, 1], dtype=np.float32),
        "a": np.array(["x", "x"], dtype=object),
    }
    outputs = {
        "label": np.array(["no", "no", "no"], dtype=object),
        "confidence": np.array([0.5, 0.5, 0.75], dtype=np.float32),
    }

    histogram = reference.summarise(inputs, outputs, ("yes", "no"), bins=2)

    assert list(histogram["inputs"]) == ["b", "a"]
    assert histogram == {
        "inputs": {
            "b": {"edges": [0.0], "counts": [1, 1], "missing": 0},
            "a": {"categories": ["x"], "counts": [2], "missing": 0},
        },
        "outputs": {
            "label": {"categories": ["yes", "no"], "counts": [0, 3], "missing": 0},
            "confidence": {"edges": [0.5], "counts": [2, 1], "missing": 0},
        },
    }


@pytest.fixture
def kept(trained: Artifact) -> dict[str, Any]:
    """Return the reference of the project's own model."""
    shape: dict[str, Any] = trained.read_json(artifact.REFERENCE)
    return shape


@pytest.fixture
def splits(project: Project, config: Config) -> Splits:
    """Return the training, calibration and test rows of the project's own model."""
    return split(project.load(config.data), config.split, load_task(config.task), config.seed)


def count(shapes: dict[str, Any], observed: dict[str, NDArray[Any]]) -> dict[str, list[int]]:
    """Return how many values fall into each bin of some fields."""
    return {name: Bins(shape).count(observed[name]).tolist() for name, shape in shapes.items()}


def counts(shapes: dict[str, Any]) -> dict[str, list[int]]:
    """Return what the reference says of it."""
    return {name: Bins(shape).reference.tolist() for name, shape in shapes.items()}


def test_the_inputs_are_those_of_the_rows_that_production_is_compared_with(
    kept: dict[str, Any], trained: Artifact, config: Config, splits: Splits
) -> None:
    expected_rows = splits.training.reference(splits.test)
    observed = expected_rows.observations(trained.paths)
    assert kept["inputs"].keys() == observed.keys()
    assert count(kept["inputs"], observed) == counts(kept["inputs"])
    assert {sum(each) for each in counts(kept["inputs"]).values()} == {len(expected_rows)}
    numbers = [each for each in kept["inputs"].values() if "edges" in each]
    assert max((len(each["counts"]) for each in numbers), default=0) <= config.reference.bins


def test_the_outputs_are_the_answers_to_all_rows_that_were_held_out(
    kept: dict[str, Any], trained: Artifact, splits: Splits
) -> None:
    held_out = [part for part in (splits.calibration, splits.test) if len(part)]
    given = np.concatenate([run_graph(trained.paths, part) for part in held_out])
    observed = answers.observe(given, trained.manifest.labels)
    assert kept["outputs"].keys() == observed.keys()
    assert count(kept["outputs"], observed) == counts(kept["outputs"])
    rows = len(splits.calibration) + len(splits.test)
    assert {sum(each) for each in counts(kept["outputs"]).values()} == {rows}


def test_every_label_of_the_model_has_a_bin_in_the_models_order(
    kept: dict[str, Any], trained: Artifact
) -> None:
    categories = [each["categories"] for each in kept["outputs"].values() if "categories" in each]
    labels = trained.manifest.labels
    assert categories == ([list(labels)] if labels else [])

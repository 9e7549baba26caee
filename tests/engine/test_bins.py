"""Every value of a field falls into one bin, the one into which training would have counted it."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from modelserve.bins import MISSING, UNSEEN, Bins
from modelserve.training import reference
from numpy.typing import NDArray

NAN = np.nan
RANDOM = np.random.default_rng(11)
COLUMNS = [
    pytest.param(RANDOM.normal(size=1_000), id="spread"),
    pytest.param(np.round(RANDOM.normal(size=500), 1), id="ties"),
    pytest.param(np.array([4.8, 5.1, 5.1, 7.9, 0.1]), id="no-float32"),
    pytest.param(RANDOM.integers(0, 2, size=50), id="yes-and-no"),
    pytest.param(np.full(30, 4.2), id="constant"),
    pytest.param(np.array([1, NAN, 2, NAN, NAN]), id="gaps"),
    pytest.param(np.array([3e38, -3e38, 1e-38, 0.0, -0.0]), id="far-apart"),
]


def numbers(edges: list[float], *, missing: int = 0) -> Bins:
    """Return the bins between some edges, into each of which training has counted one value."""
    return Bins({"edges": edges, "counts": [1] * (len(edges) + 1), "missing": missing})


def categories(*names: str) -> Bins:
    """Return the bins of categories, each of which training has seen once."""
    return Bins({"categories": list(names), "counts": [1] * len(names), "missing": 0})


@pytest.mark.parametrize("values", COLUMNS)
def test_the_references_own_rows_fall_into_its_counts(values: NDArray[Any]) -> None:
    column = values.astype(np.float32)
    kept = json.loads(json.dumps(reference.histogram(column, bins=10)))

    bins = Bins(kept)

    assert bins.reference.tolist() == [*kept["counts"], kept["missing"]]
    assert bins.count(column).tolist() == bins.reference.tolist()
    assert bins.count(values.astype(np.float64)).tolist() == bins.reference.tolist()


@pytest.mark.parametrize("values", COLUMNS)
def test_every_number_falls_into_the_bin_whose_bounds_hold_it(values: NDArray[Any]) -> None:
    bins = Bins(reference.histogram(values.astype(np.float32), bins=4))
    edges = np.asarray(reference.histogram(values.astype(np.float32), bins=4)["edges"])
    probes = np.concatenate([[-3.4e38, 0, 3.4e38, NAN], edges, np.nextafter(edges, -np.inf)])
    probes = probes.astype(np.float32)

    counted = bins.count(probes)

    bounds = [-np.inf, *edges, np.inf]
    expected = [((low < probes) & (probes <= high)).sum() for low, high in pairwise(bounds)]
    assert counted.tolist() == [*expected, 1]
    assert counted.sum() == len(probes)


def test_an_edge_belongs_to_the_bin_below_it() -> None:
    bins = numbers([1.0, 2.0])
    assert bins.names == ("00 (-inf, 1]", "01 (1, 2]", "02 (2, inf]", MISSING)
    above = np.nextafter(np.float32([1, 2]), np.float32(np.inf))
    assert bins.count(np.float32([1, 2])).tolist() == [1, 1, 0, 0]
    assert bins.count(above).tolist() == [0, 1, 1, 0]


def test_infinity_is_a_large_number_and_no_missing_one() -> None:
    counted = numbers([1.0]).count(np.array([-np.inf, np.inf, NAN], dtype=np.float32))
    assert counted.tolist() == [1, 1, 1]


def test_without_edges_there_is_one_bin_for_all_numbers() -> None:
    bins = numbers([], missing=2)
    assert bins.names == ("00 (-inf, inf]", MISSING)
    assert bins.reference.tolist() == [1, 2]
    assert bins.count(np.array([-5.0, 0, 1e9, NAN], dtype=np.float32)).tolist() == [3, 1]


def test_numbers_bins_stand_in_their_order_when_they_are_sorted_as_text() -> None:
    bins = numbers([-10.0, -9.5, 0.0, 2.0, *range(3, 15)])
    assert sorted(bins.names[:-1]) == list(bins.names[:-1])
    assert len(set(bins.names)) == len(bins.names)


def test_edges_that_look_alike_have_names_of_their_own() -> None:
    assert numbers([1e7, 1e7 + 1]).names[1] == "01 (1e+07, 1e+07]"
    assert len(set(numbers([1e7, 1e7 + 1, 1e7 + 2]).names)) == 5


def test_categories_have_a_bin_each_and_so_has_what_is_unseen_or_missing() -> None:
    kept = reference.tally(np.array(["b", "", "a", "b"], dtype=object))

    bins = Bins(kept)

    assert bins.names == ("a", "b", UNSEEN, MISSING)
    assert bins.reference.tolist() == [1, 2, 0, 1]
    values = np.array(["a", "z", "", "b", "A", "b", " "], dtype=object)
    assert bins.count(values).tolist() == [1, 2, 3, 1]


def test_a_category_may_be_called_like_a_special_bin() -> None:
    bins = categories(MISSING, UNSEEN, "a")
    assert bins.names == (f"'{MISSING}'", f"'{UNSEEN}'", "a", UNSEEN, MISSING)
    values = np.array([MISSING, MISSING, UNSEEN, "", "?", "?", "?"], dtype=object)
    assert bins.count(values).tolist() == [2, 1, 0, 3, 1]


@pytest.mark.parametrize(
    ("bins", "values"),
    [
        pytest.param(numbers([1.0]), np.array([], dtype=np.float32), id="numbers"),
        pytest.param(categories("a"), np.array([], dtype=object), id="categories"),
    ],
)
def test_no_row_falls_into_no_bin(bins: Bins, values: NDArray[Any]) -> None:
    assert bins.count(values).tolist() == [0, 0, 0]


def test_a_column_of_a_block_is_counted_as_it_is_alone() -> None:
    block = RANDOM.normal(size=(64, 3)).astype(np.float32)
    bins = Bins(reference.histogram(block[:, 1], bins=10))
    assert bins.count(block[:, 1]).tolist() == bins.reference.tolist()

"""A field's bins as a person reads them."""

from typing import Any

import pytest
from modelserve.bins import Bins
from modelserve.monitoring.report.bars import MOST, Bar, bars_of, is_number
from modelserve.monitoring.report.wording import Wording
from modelserve.monitoring.results.drift import FieldDrift, Verdict
from modelserve.translation import ENGLISH

WORDING = Wording(ENGLISH)


def shift(shape: dict[str, Any], observed: list[int]) -> FieldDrift:
    """Return a field with the bins of a shape, and nothing told of it."""
    bins = Bins(shape)
    return FieldDrift(
        kind="input",
        field="x",
        bins=bins.names,
        edges=tuple(shape.get("edges", ())),
        reference=tuple(bins.reference.tolist()),
        observed=tuple(observed),
        psi=0,
        psi_critical=0,
        p=1,
        adjusted_p=1,
        ks=None,
        ks_p=None,
        jensen_shannon=0,
        out_of_range=0,
        numbers=None,
        verdict=Verdict.OK,
    )


def test_numbers_have_their_bounds_for_names() -> None:
    numbers = shift({"edges": [4.8, 5.25], "counts": [10, 20, 10], "missing": 0}, [1, 1, 2, 0])
    assert bars_of(numbers, WORDING) == (
        Bar("up to 4.8", 10, 1, 0.25, 0.25, upper=4.8),
        Bar("4.8 to 5.25", 20, 1, 0.5, 0.25, upper=5.25),
        Bar("over 5.25", 10, 2, 0.25, 0.5),
    )


def test_categories_have_their_own_names() -> None:
    categories = shift(
        {"categories": ["(missing)", "b"], "counts": [3, 1], "missing": 0}, [1, 0, 2, 1]
    )
    assert bars_of(categories, WORDING) == (
        Bar("'(missing)'", 3, 1, 0.75, 0.25),
        Bar("b", 1, 0, 0.25, 0.0),
        Bar("(unseen)", 0, 2, 0.0, 0.5, apart=True),
        Bar("(missing)", 0, 1, 0.0, 0.25, apart=True),
    )


def test_a_number_that_never_changes_is_no_category() -> None:
    constant = shift({"edges": [], "counts": [5], "missing": 0}, [4, 0])
    assert is_number(constant)
    assert [each.name for each in bars_of(constant, WORDING)] == ["any number"]


def test_what_was_missing_in_training_alone_is_shown_too() -> None:
    constant = shift({"edges": [], "counts": [5], "missing": 5}, [4, 0])
    assert bars_of(constant, WORDING)[-1] == Bar("(missing)", 5, 0, 0.5, 0.0, apart=True)


def test_a_field_of_which_nothing_was_read_has_no_shares() -> None:
    empty = shift({"edges": [1], "counts": [2, 2], "missing": 0}, [0, 0, 0])
    assert [each.observed_share for each in bars_of(empty, WORDING)] == [0, 0]


@pytest.mark.parametrize("bins", [MOST + 1, 100])
def test_of_very_many_bins_neighbours_are_drawn_as_one(bins: int) -> None:
    shape = {"edges": list(range(1, bins)), "counts": [1] * bins, "missing": 0}
    bars = bars_of(shift(shape, [2] * bins + [0]), WORDING)
    assert MOST / 2 <= len(bars) <= MOST
    assert sum(each.reference for each in bars) == bins
    assert sum(each.observed for each in bars) == 2 * bins
    assert [each.upper for each in bars] == [
        *sorted(each.upper or bins for each in bars)[:-1],
        None,
    ]


def test_of_very_many_categories_the_smallest_are_drawn_as_one() -> None:
    names = [f"c{i}" for i in range(MOST + 5)]
    counts = [10 - i % 2 for i in range(MOST)] + [1, 1, 1, 1, 1]
    observed = [5] * MOST + [0, 0, 0, 0, 500]
    *told, rest = bars_of(
        shift({"categories": names, "counts": counts, "missing": 0}, [*observed, 0, 0]), WORDING
    )
    assert len(told) == MOST - 1
    assert told[-1].name == names[-1]
    assert rest.name == "6 other categories"
    assert rest.observed + sum(each.observed for each in told) == sum(observed)

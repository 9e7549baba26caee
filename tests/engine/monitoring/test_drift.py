"""A field is judged by how far it has moved, and by whether chance could have moved it so far."""

from typing import Any

import numpy as np
import pytest
from modelserve.monitoring.config import DriftBounds
from modelserve.monitoring.counts import FieldCounts, Moments, moments
from modelserve.monitoring.drift import compare_fields
from modelserve.monitoring.results.drift import FieldDrift, NumericSummary, Verdict

BOUNDS = DriftBounds(psi=0.2, significance=0.01, minimum_rows=50)
NUMBERS = {"edges": [1.0, 2.0, 3.0], "counts": [25, 25, 25, 25], "missing": 0}
NAMES = {"categories": ["a", "b"], "counts": [50, 40], "missing": 10}


def judge(shape: dict[str, Any], counts: list[int], *, fields: int = 1, **told: Any) -> FieldDrift:
    """Return a field judged beside others that are calm."""
    tally = FieldCounts(np.array(counts), **told)
    quiet = FieldCounts(np.array([*NUMBERS["counts"], 0]))
    others = {f"other {i}": NUMBERS for i in range(fields - 1)}
    observed = {"field": tally, **dict.fromkeys(others, quiet)}
    return compare_fields("input", {"field": shape, **others}, observed, BOUNDS)[0]


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        pytest.param([250, 250, 250, 250, 0], Verdict.OK, id="alike"),
        pytest.param([300, 250, 250, 200, 0], Verdict.OK, id="small"),
        pytest.param([700, 100, 100, 100, 0], Verdict.VIOLATION, id="large"),
        pytest.param([0, 0, 0, 1_000, 0], Verdict.VIOLATION, id="one-bin"),
        pytest.param([200, 200, 200, 200, 200], Verdict.VIOLATION, id="missing"),
        pytest.param([35, 5, 5, 5, 0], Verdict.VIOLATION, id="as-few-rows-as-may-be"),
        pytest.param([34, 5, 5, 5, 0], Verdict.TOO_FEW, id="one-row-fewer"),
        pytest.param([0, 0, 0, 0, 0], Verdict.TOO_FEW, id="nothing"),
    ],
)
def test_a_large_shift_is_a_breach(counts: list[int], verdict: Verdict) -> None:
    assert judge(NUMBERS, counts).verdict is verdict


def test_of_few_rows_a_shift_must_be_larger_for_chance_moves_them_more() -> None:
    few, many = judge(NUMBERS, [21, 11, 10, 8, 0]), judge(NUMBERS, [8_400, 4_400, 4_000, 3_200, 0])
    assert few.psi == pytest.approx(many.psi, rel=0.1)
    assert few.psi < few.psi_critical
    assert many.psi_critical < few.psi_critical


def test_of_many_rows_a_shift_may_be_too_small_to_matter_though_it_is_none_of_chance() -> None:
    many = {**NUMBERS, "counts": [25_000] * 4}
    actual = judge(many, [30_000, 25_000, 25_000, 20_000, 0])
    assert actual.psi_critical < actual.psi < 0.2
    assert actual.verdict is Verdict.OK


def test_beside_many_fields_a_shift_must_be_larger_for_one_of_them_always_moves() -> None:
    counts = [28, 8, 7, 7, 0]
    alone, among = judge(NUMBERS, counts), judge(NUMBERS, counts, fields=50)
    assert alone.psi == among.psi
    assert alone.psi_critical < alone.psi < among.psi_critical
    assert (alone.verdict, among.verdict) == (Verdict.VIOLATION, Verdict.OK)


def test_beside_many_fields_a_p_value_is_adjusted() -> None:
    actual = judge(NUMBERS, [45, 20, 18, 17, 0], fields=10)
    assert actual.adjusted_p == pytest.approx(10 * actual.p)


def test_a_field_that_could_not_be_read_is_not_one_of_too_few() -> None:
    assert judge(NUMBERS, [0] * 5, unread=3).verdict is Verdict.UNREAD


def test_a_field_that_could_sometimes_be_read_is_judged_by_that() -> None:
    assert judge(NUMBERS, [700, 100, 100, 100, 0], unread=9_000).verdict is Verdict.VIOLATION


def test_a_shift_tells_everything_of_a_number() -> None:
    values = np.array([0.5, 1.5, 2.5, 4.0])
    actual = judge(NUMBERS, [25, 25, 25, 25, 25], out_of_range=3, moments=moments(values))
    assert (actual.kind, actual.field, actual.rows, actual.out_of_range) == (
        "input",
        "field",
        125,
        3,
    )
    assert actual.bins[0] == "00 (-inf, 1]"
    assert actual.bins[-1] == "(missing)"
    assert actual.edges == (1.0, 2.0, 3.0)
    assert actual.reference == (25, 25, 25, 25, 0)
    assert actual.observed == (25, 25, 25, 25, 25)
    assert (actual.missing_share, actual.reference_missing_share) == (0.2, 0.0)
    assert actual.unseen_share is None
    assert actual.numbers == NumericSummary(4, 2.125, pytest.approx(1.4930394), 0.5, 4.0)
    # What is missing lies neither below nor above anything: of the others, nothing has moved.
    assert (actual.ks, actual.ks_p) == (0.0, 1.0)


def test_a_shift_tells_everything_of_a_category() -> None:
    actual = judge(NAMES, [40, 30, 20, 10])
    assert actual.bins == ("a", "b", "(unseen)", "(missing)")
    assert (actual.edges, actual.ks, actual.ks_p, actual.numbers) == ((), None, None, None)
    assert (actual.unseen_share, actual.missing_share) == (0.2, 0.1)
    assert actual.reference_missing_share == 0.1


def test_fields_stand_in_the_order_of_the_reference() -> None:
    tallies = {name: FieldCounts(np.zeros(5, dtype=np.int64), Moments()) for name in "bca"}
    actual = compare_fields("output", dict.fromkeys("cab", NUMBERS), tallies, BOUNDS)
    assert [(each.kind, each.field) for each in actual] == [("output", name) for name in "cab"]

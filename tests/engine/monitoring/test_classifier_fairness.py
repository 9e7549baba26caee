"""Gaps between groups are fairlearn's, and must exceed chance."""

import numpy as np
import pytest
from modelserve.monitoring.classifier.outcomes import ConfusionCounts
from modelserve.monitoring.config import FairnessBounds
from modelserve.monitoring.fairness import compare_groups
from modelserve.monitoring.results.drift import Verdict
from modelserve.monitoring.results.fairness import Fairness

LABELS = ("a", "b", "c")
GROUPS = ("north", "south", "west")
# 600 rows by group, predicted and true label.
COUNTS = [
    [[80, 8, 7, 0], [8, 88, 11, 0], [10, 6, 97, 0]],
    [[35, 11, 13, 0], [6, 47, 10, 0], [12, 8, 37, 0]],
    [[34, 3, 0, 0], [2, 23, 2, 0], [4, 4, 34, 0]],
]
# fairlearn 0.15.0: demographic_parity_difference and equalized_odds_difference of the same rows,
# one label against the rest.
FAIRLEARN = {
    "a": (0.04746930218628331, 0.18962264150943398),
    "b": (0.09723832613049438, 0.15062388591800357),
    "c": (0.07779066090439551, 0.3277777777777777),
}
BOUNDS = FairnessBounds(
    groups=GROUPS,
    demographic_parity=0.2,
    equalised_odds=0.2,
    error_ratio=1.5,
    minimum_outcomes=1,
)


def compare(
    counts: list, *, bounds: FairnessBounds = BOUNDS, labels: tuple[str, ...] = LABELS
) -> Fairness:
    """Return the gaps between groups; one more group names none."""
    unstated = np.full_like(np.array(counts)[:1], 7)
    matrices = ConfusionCounts(np.concatenate((counts, unstated)), np.zeros((10, 3), dtype=object))
    configured = bounds.model_copy(update={"groups": GROUPS[: len(counts)]})
    return compare_groups(matrices, labels, configured, significance=0.01)


def one_label(*shares: tuple[int, int]) -> list:
    """Return groups of which so many rows of so many are given the first of two labels, rightly."""
    return [[[hits, 0, 0], [0, rows - hits, 0]] for hits, rows in shares]


@pytest.mark.parametrize("label", LABELS)
def test_each_label_s_gaps_are_those_of_fairlearn(label: str) -> None:
    i = LABELS.index(label)
    counts = np.array(COUNTS)
    order = [i, *(j for j in range(3) if j != i)]
    # One label, and one for all the rest: then the gaps of both are the same.
    turned = counts[:, order][:, :, [*order, 3]]
    binary = [
        [
            [group[0, 0], group[0, 1:].sum(), 0],
            [group[1:, 0].sum(), group[1:, 1:].sum(), 0],
        ]
        for group in turned
    ]
    parity, odds = compare(binary, labels=("this", "rest")).gaps
    assert (parity.value, odds.value) == pytest.approx(FAIRLEARN[label])


def test_of_all_labels_the_widest_gap_is_reported() -> None:
    parity, odds = compare(COUNTS).gaps
    assert (parity.measure, parity.label, odds.measure, odds.label) == (
        *("demographic_parity", "b"),
        *("equalised_odds", "c"),
    )
    assert (parity.value, odds.value) == pytest.approx((FAIRLEARN["b"][0], FAIRLEARN["c"][1]))
    assert (odds.low, odds.high) == ("south", "west")
    assert (parity.bound, odds.bound) == (0.2, 0.2)


def test_groups_are_reported_with_their_accuracy() -> None:
    actual = compare(COUNTS, bounds=BOUNDS.model_copy(update={"minimum_outcomes": 107})).groups
    assert [each.group for each in actual] == list(GROUPS)
    assert [each.rows for each in actual] == [315, 179, 106]
    assert [each.value for each in actual] == pytest.approx([265 / 315, 119 / 179, 91 / 106])
    assert [each.compared for each in actual] == [True, True, False]
    assert {each.metric for each in actual} == {"accuracy"}


def test_rates_that_too_few_rows_of_a_group_have_are_counted() -> None:
    """North has 60 rows, south 24: too few to compare either label, and only then a rate is out."""
    rare = [[[40, 0, 0], [20, 140, 0]], [[17, 0, 0], [7, 176, 0]]]
    bounds = BOUNDS.model_copy(update={"minimum_outcomes": 50})
    parity, odds = compare(rare, bounds=bounds, labels=("yes", "no")).gaps
    assert (parity.verdict, parity.uncompared) == (Verdict.OK, 0)
    assert (odds.verdict, odds.uncompared) == (Verdict.OK, 2)


def test_a_group_without_a_row_has_no_accuracy() -> None:
    actual = compare(one_label((5, 9), (0, 0)), labels=("yes", "no"))
    assert actual.groups[1].value is None


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        pytest.param(one_label((100, 200), (100, 200)), Verdict.OK, id="alike"),
        pytest.param(one_label((100, 200), (130, 200)), Verdict.OK, id="within-the-bound"),
        pytest.param(one_label((100, 200), (160, 200)), Verdict.VIOLATION, id="beyond"),
        pytest.param(one_label((10, 20), (16, 20)), Verdict.OK, id="beyond-by-chance-perhaps"),
        pytest.param(one_label((100, 200)), Verdict.TOO_FEW, id="one-group"),
        pytest.param(one_label((100, 200), (0, 0)), Verdict.TOO_FEW, id="one-group-with-rows"),
    ],
)
def test_a_gap_may_not_be_wider_than_its_bound_by_more_than_chance(
    counts: list, verdict: Verdict
) -> None:
    parity, odds = compare(counts, labels=("yes", "no")).gaps
    assert parity.verdict is verdict
    # Whatever was answered is right: nobody is wronged.
    assert odds.verdict is (Verdict.TOO_FEW if verdict is Verdict.TOO_FEW else Verdict.OK)
    assert odds.value == 0.0


def test_a_share_of_too_few_rows_is_left_out() -> None:
    bounds = BOUNDS.model_copy(update={"minimum_outcomes": 50})
    # 49 of the south's rows are a "yes": how many of these were found is not compared.
    counts = [[[100, 0, 0], [0, 100, 0]], [[0, 0, 0], [49, 51, 0]]]
    parity, odds = compare(counts, bounds=bounds, labels=("yes", "no")).gaps
    assert parity.value == 0.5
    assert (odds.value, odds.label, odds.p) == (0.0, "yes", 1.0)


def test_of_many_labels_one_always_shows_a_gap() -> None:
    def gap_of(labels: int) -> float:
        counts = np.zeros((2, labels, labels + 1), dtype=int)
        counts[0, 0, 0], counts[0, 1, 1] = 40, 60
        counts[1, 0, 0], counts[1, 1, 1] = 61, 39
        actual = compare(counts.tolist(), labels=tuple(map(str, range(labels)))).gaps[0]
        assert actual.p is not None
        return actual.p

    assert gap_of(10) == pytest.approx(5 * gap_of(2))


def test_a_label_that_the_model_does_not_know_counts_against_every_label() -> None:
    counts = [[[50, 0, 0], [0, 50, 0]], [[50, 0, 50], [0, 50, 0]]]
    _, odds = compare(counts, labels=("yes", "no")).gaps
    assert (odds.label, odds.value) == ("yes", 0.5)

"""Counts add up, over batches and over processes."""

from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.monitoring.bitmap import Bitmap
from modelserve.monitoring.counts import CaptureCounts, FieldCounts, Moments, moments
from modelserve.monitoring.ingest.captures import CaptureReader
from modelserve.monitoring.partitions import TimeWindow

BINS = Bins({"edges": [1.0, 2.0], "counts": [1, 1, 1], "missing": 0})
RANGE = (np.float32(0.5), np.float32(2.5))
SAMPLE = np.random.default_rng(5).normal(1e6, 3, 1_000)


@pytest.fixture
def make_tally(trained: Artifact, tmp_path: Any) -> Any:
    """Return a way to tallies in which every number is this one, or one of its multiples."""

    def make(number: int) -> CaptureCounts:
        tally = CaptureReader(trained, TimeWindow(), None, groups=1, folder=tmp_path).empty_counts()
        for each in (*tally.inputs.values(), *tally.outputs.values()):
            each.counts += number
            each.unread = each.out_of_range = number
        tally.matched = Bitmap.of_size(9)
        tally.matched.add(np.array([number, 8, number]))
        tally.errors.corrupt = number
        tally.versions.update({"1": number})
        tally.outcomes.late = number
        for i, name in enumerate(("records", "rows", "rejected", "outside", "degraded"), start=2):
            setattr(tally, name, i * number)
        tally.degraded_matched = 7 * number
        tally.first_us, tally.last_us = 100 * number, 200 * number
        return tally

    return make


def test_every_number_of_a_tally_adds_up(make_tally: Any) -> None:
    tally = make_tally(1)

    tally.merge(make_tally(2))

    for each in (*tally.inputs.values(), *tally.outputs.values()):
        assert set(each.counts.tolist()) == {3}
        assert (each.unread, each.out_of_range) == (3, 3)
    assert (tally.matched.count(), tally.matched.octets.tolist()) == (3, [0b110, 1])
    assert (tally.errors.corrupt, tally.versions, tally.outcomes.late) == (3, {"1": 3}, 3)
    assert (tally.records, tally.rows, tally.rejected) == (6, 9, 12)
    assert (tally.outside, tally.degraded, tally.degraded_matched) == (15, 18, 21)
    assert (tally.first_us, tally.last_us) == (100, 400)


def test_values_are_counted_by_their_bins_and_their_range() -> None:
    tally = FieldCounts(np.zeros(4, dtype=np.int64))
    values = np.array([0.25, 0.5, 1.0, 2.5, 3.0, np.nan], dtype=np.float32)
    tally.add(values, BINS, RANGE)
    assert tally.counts.tolist() == [3, 0, 2, 1]
    assert tally.out_of_range == 2
    assert tally.moments == moments(values)


def test_categories_have_no_mean_and_no_range() -> None:
    tally = FieldCounts(np.zeros(4, dtype=np.int64))
    bins = Bins({"categories": ["a", "b"], "counts": [1, 1], "missing": 0})
    tally.add(np.array(["a", "a", "c", ""], dtype=object), bins, None)
    assert tally.counts.tolist() == [2, 0, 1, 1]
    assert (tally.moments.count, tally.out_of_range) == (0, 0)


@pytest.mark.parametrize("pieces", [1, 2, 7, 1_000])
def test_pieces_add_up_to_the_whole(pieces: int) -> None:
    actual = sum(map(moments, np.array_split(SAMPLE, pieces)), Moments())
    assert actual.count == 1_000
    assert actual.mean == pytest.approx(SAMPLE.mean(), rel=1e-14)
    assert actual.deviation == pytest.approx(SAMPLE.std(ddof=1), rel=1e-9)
    assert (actual.minimum, actual.maximum) == (SAMPLE.min(), SAMPLE.max())


def test_pieces_add_up_to_the_same_in_any_order() -> None:
    pieces = [moments(each) for each in np.array_split(SAMPLE, 50)]
    whole = sum(pieces, Moments())
    assert sum(reversed(pieces), Moments()) == whole
    assert sum(pieces[20:], Moments()) + sum(pieces[:20], Moments()) == whole


def test_values_whose_sum_is_no_float_are_counted() -> None:
    with np.errstate(over="ignore"):
        actual = moments(np.array([1e308, 1e308])) + moments(np.array([1.0]))
    assert (actual.count, actual.mean, actual.deviation) == (3, np.inf, np.inf)


def test_what_is_missing_or_endless_is_left_out() -> None:
    assert moments(np.array([np.nan, 1, np.inf, 3, -np.inf])) == moments(np.array([1, 3]))


def test_a_single_value_has_no_spread() -> None:
    assert moments(np.array([4.0])).deviation == 0.0


def test_nothing_adds_nothing() -> None:
    assert moments(SAMPLE) + Moments() == moments(SAMPLE) == Moments() + moments(SAMPLE)
    assert moments(np.array([np.nan])) == Moments()

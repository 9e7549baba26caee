"""What several processes have counted adds up."""

from typing import Any

import numpy as np
import pytest
from modelserve.artifact import Artifact
from modelserve.bins import Bins
from modelserve.monitoring.ingest.captures import Reader
from modelserve.monitoring.moments import moments
from modelserve.monitoring.partitions import TimeWindow
from modelserve.monitoring.tally import FieldTally, Tally

BINS = Bins({"edges": [1.0, 2.0], "counts": [1, 1, 1], "missing": 0})
SEEN = (np.float32(0.5), np.float32(2.5))


@pytest.fixture
def make_tally(found: Artifact, tmp_path: Any) -> Any:
    """Return a way to tallies in which every number is this one, or one of its multiples."""

    def make(number: int) -> Tally:
        tally = Reader(found, TimeWindow(), None, groups=1, folder=tmp_path).nothing()
        for each in (*tally.inputs.values(), *tally.outputs.values()):
            each.counts += number
            each.unread = each.out_of_range = number
        tally.truths = [np.array([number])]
        tally.faults.corrupt = number
        tally.versions.update({"1": number})
        tally.outcomes.late = number
        for i, name in enumerate(("records", "rows", "refused", "outside", "degraded"), start=2):
            setattr(tally, name, i * number)
        tally.degraded_truths = 7 * number
        tally.first_us, tally.last_us = 100 * number, 200 * number
        return tally

    return make


def test_every_number_of_a_tally_adds_up(make_tally: Any) -> None:
    tally = make_tally(1)

    tally.merge(make_tally(2))

    for each in (*tally.inputs.values(), *tally.outputs.values()):
        assert set(each.counts.tolist()) == {3}
        assert (each.unread, each.out_of_range) == (3, 3)
    assert [each.tolist() for each in tally.truths] == [[1], [2]]
    assert (tally.faults.corrupt, tally.versions, tally.outcomes.late) == (3, {"1": 3}, 3)
    assert (tally.records, tally.rows, tally.refused) == (6, 9, 12)
    assert (tally.outside, tally.degraded, tally.degraded_truths) == (15, 18, 21)
    assert (tally.first_us, tally.last_us) == (100, 400)


def test_values_are_counted_by_their_bins_and_their_range() -> None:
    tally = FieldTally(np.zeros(4, dtype=np.int64))
    values = np.array([0.25, 0.5, 1.0, 2.5, 3.0, np.nan], dtype=np.float32)
    tally.add(values, BINS, SEEN)
    assert tally.counts.tolist() == [3, 0, 2, 1]
    assert tally.out_of_range == 2
    assert tally.moments == moments(values)


def test_categories_have_no_mean_and_no_range() -> None:
    tally = FieldTally(np.zeros(4, dtype=np.int64))
    bins = Bins({"categories": ["a", "b"], "counts": [1, 1], "missing": 0})
    tally.add(np.array(["a", "a", "c", ""], dtype=object), bins, None)
    assert tally.counts.tolist() == [2, 0, 1, 1]
    assert (tally.moments.count, tally.out_of_range) == (0, 0)

"""Reads captures: what was asked and answered is counted as it comes, and none of it is kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import REFERENCE, Artifact
from ..bins import Bins, Shape
from .answer_keys import keys_of
from .exchanges import Exchanges, Sorter
from .forms import Forms
from .ground_truth import Truths
from .hours import Span
from .inputs import Inputs
from .lines import read_values, without_collector
from .outcomes import Judge
from .records import Records, sift
from .replies import Replies, as_sent
from .tally import FieldTally, Range, Tally


class Reader:
    """Counts what lies in files of captures.

    Args:
        found: the model's artifact, with its reference.
        span: the window; what lies outside is passed over.
        truths: of answers, None where there are none.
        groups: how many groups the truths tell apart, one more for all others among them.
        folder: of the captures, from which on files are named.
    """

    def __init__(
        self, found: Artifact, span: Span, truths: Truths | None, *, groups: int, folder: Path
    ) -> None:
        """Take over the bins of training."""
        self._truths = truths
        self._groups = groups
        self._folder = folder.resolve()
        manifest = found.manifest
        self._sorter = Sorter(
            Forms(manifest),
            name=manifest.name,
            version=manifest.version,
            bounds_us=span.bounds_us,
        )
        self._inputs = Inputs(found)
        self._replies = Replies(manifest.labels)
        reference: Mapping[str, Mapping[str, Shape]] = found.read_json(REFERENCE)
        self._judge = Judge(manifest, reference["outputs"])
        self._input_bins = {name: Bins(shape) for name, shape in reference["inputs"].items()}
        self._output_bins = {
            name: Bins(as_sent(name, shape)) for name, shape in reference["outputs"].items()
        }

    def read(self, files: Sequence[Path]) -> Tally:
        """Return what lies in some files.

        Raises:
            MonitoringError: a file cannot be read.
        """
        tally = self.nothing()
        with without_collector():
            for path in files:
                name = path.relative_to(self._folder).as_posix()
                for found in read_values(path, name, tally.faults):
                    records = sift(found, name, tally.faults)
                    exchanges = self._sorter.sort(records, name, tally)
                    if exchanges.counts:
                        self._count(exchanges, records, tally)
        return tally

    def nothing(self) -> Tally:
        """Return the tally of no file at all."""
        inputs, outputs = (
            {name: FieldTally(np.zeros_like(each.reference)) for name, each in bins.items()}
            for bins in (self._input_bins, self._output_bins)
        )
        return Tally(inputs, outputs, self._judge.nothing(groups=self._groups))

    def _count(self, exchanges: Exchanges, records: Records, tally: Tally) -> None:
        counts = np.asarray(exchanges.counts, dtype=np.int64)
        rows = int(counts.sum())
        times_us = records.times_us[exchanges.numbers]
        tally.first_us = min(tally.first_us, int(times_us.min()))
        tally.last_us = max(tally.last_us, int(times_us.max()))
        tally.records += len(counts)
        tally.rows += rows
        observed = self._inputs.observe(exchanges.asked)
        _add(tally.inputs, observed, self._input_bins, self._inputs.ranges, rows=rows)

        answers = self._replies.gather(exchanges.predictions)
        prior = np.repeat(np.array(exchanges.degraded, np.bool_), counts[exchanges.answered])
        degraded = int(np.count_nonzero(prior))
        tally.degraded += degraded
        watched = self._replies.observe(
            answers.take(np.flatnonzero(~prior)) if degraded else answers
        )
        _add(tally.outputs, watched, self._output_bins, {}, rows=rows - degraded)
        if self._truths:
            ids = [records.ids[exchanges.numbers[i]] for i in exchanges.answered]
            found = self._truths.find(keys_of(ids, counts[exchanges.answered]))
            tally.truths.append(found[found >= 0])
            tally.degraded_truths += int(np.count_nonzero(found[prior] >= 0))
            met = np.flatnonzero((found >= 0) & ~prior)
            tally.outcomes.add(answers.take(met), *self._truths.take(found[met]))


def _add(
    tallies: Mapping[str, FieldTally],
    observed: Mapping[str, NDArray[Any]],
    bins: Mapping[str, Bins],
    seen: Mapping[str, Range],
    *,
    rows: int,
) -> None:
    """Count values by field; what there is not a value of was not read."""
    for name, tally in tallies.items():
        values = observed[name]
        tally.add(values, bins[name], seen.get(name))
        tally.unread += rows - len(values)

"""Counts the rows and predictions of captures file by file, without keeping any of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...artifact import REFERENCE, Artifact
from ...bins import Bins, Shape
from ...types import Rows
from ..answers import make_answer_reader
from ..bitmap import Bitmap
from ..counts import CaptureCounts, FieldCounts
from ..ground_truth import GroundTruth
from ..inputs import Range, make_captured_inputs
from ..outcomes import make_truth_reader
from ..partitions import TimeWindow
from ..timeline import HOUR_US
from .batches import InferenceBatch, RecordFilter
from .bodies import BodyParser
from .duplicates import all_first
from .record_reader import FindFirst, RecordReader
from .records import Records


class CaptureReader:
    """Counts the content of capture files.

    Args:
        artifact: the model's, with its reference.
        window: records outside of it are skipped.
        truths: the ground truth, None without any.
        groups: the number of groups of the ground truth, with one for all that are not configured.
        folder: of the captures; files are named relative to it.
        preprocess: the service's hook, None if the project does not override it.
    """

    def __init__(
        self,
        artifact: Artifact,
        window: TimeWindow,
        truths: GroundTruth | None,
        *,
        groups: int,
        folder: Path,
        preprocess: Callable[[Rows], Rows] | None = None,
    ) -> None:
        """Read the bins of training."""
        self._truths = truths
        self.preprocess = preprocess
        self._groups = groups
        manifest = artifact.manifest
        self._filter = RecordFilter(
            BodyParser(manifest),
            name=manifest.name,
            versions=(manifest.version,),
            bounds_us=window.bounds_us,
        )
        self._records = RecordReader(self._filter, folder)
        self._inputs = make_captured_inputs(artifact)
        self._answers = make_answer_reader(manifest)
        reference: Mapping[str, Mapping[str, Shape]] = artifact.read_json(REFERENCE)
        self._truth_reader = make_truth_reader(manifest, reference["outputs"])
        self._input_bins = {name: Bins(shape) for name, shape in reference["inputs"].items()}
        self._output_bins = {
            name: Bins(self._answers.as_sent(name, shape))
            for name, shape in reference["outputs"].items()
        }

    @property
    def in_process(self) -> bool:
        """Return whether it has to stay in this process: a hook may not be picklable."""
        return self.preprocess is not None

    def read(self, files: Sequence[Path], find_first: FindFirst = all_first) -> CaptureCounts:
        """Return the counts of some files.

        Args:
            files: to read, one after the other.
            find_first: returns for the keys of the next records in the window which of them were
                not read before; the others are not counted.

        Raises:
            MonitoringError: a file cannot be read.
        """
        counts = self.empty_counts()
        for name, records in self._records.read(files, counts, find_first):
            for hour, some in by_hour(records):
                counts.begin_hour(hour)
                batch = self._filter.select(some, name, counts)
                if batch.counts:
                    self._count(batch, some, counts)
        counts.end_hour()
        return counts

    def empty_counts(self) -> CaptureCounts:
        """Return the counts of no file."""
        inputs, outputs = (
            {name: FieldCounts(np.zeros_like(each.reference)) for name, each in bins.items()}
            for bins in (self._input_bins, self._output_bins)
        )
        outcomes = self._truth_reader.empty_counts(groups=self._groups)
        matched = Bitmap.of_size(self._truths.count if self._truths else 0)
        return CaptureCounts(inputs, outputs, outcomes, matched)

    def _count(self, batch: InferenceBatch, records: Records, counts: CaptureCounts) -> None:
        lengths = np.asarray(batch.counts, dtype=np.int64)
        rows = int(lengths.sum())
        times_us = records.times_us[batch.records]
        counts.first_us = min(counts.first_us, int(times_us.min()))
        counts.last_us = max(counts.last_us, int(times_us.max()))
        counts.records += len(lengths)
        counts.rows += rows
        observed = self._inputs.observe(self._preprocessed(batch.rows))
        _add(counts.inputs, observed, self._input_bins, self._inputs.ranges, rows=rows)

        answers = self._answers.gather(batch.predictions)
        by_fallback = np.array(batch.by_fallback, np.bool_)
        degraded = int(np.count_nonzero(by_fallback))
        counts.degraded += degraded
        monitored = self._answers.observe(
            answers.take(np.flatnonzero(~by_fallback)) if degraded else answers
        )
        _add(counts.outputs, monitored, self._output_bins, {}, rows=rows - degraded)
        if self._truths:
            ids = [records.ids[batch.records[i]] for i in batch.responded]
            matches = self._truths.find_rows(ids, lengths[batch.responded])
            counts.matched.add(matches[matches >= 0])
            counts.degraded_matched += int(np.count_nonzero(matches[by_fallback] >= 0))
            counted = np.flatnonzero((matches >= 0) & ~by_fallback)
            counts.outcomes.add(answers.take(counted), *self._truths.take(matches[counted]))

    def _preprocessed(self, rows: Rows) -> Rows:
        """Return rows as the model saw them; one that the hook rejects stays unchanged."""
        if self.preprocess is None:
            return rows
        preprocessed: list[Mapping[str, Any]] = []
        for row in rows:
            try:
                preprocessed += self.preprocess([row])
            except Exception:  # pylint: disable=broad-exception-caught  # a hook may raise anything
                preprocessed.append(row)
        return preprocessed


def by_hour(records: Records) -> Iterator[tuple[int, Records]]:
    """Yield the hours since the epoch, and the records of each."""
    times_us = records.times_us
    if not times_us.size:
        return
    first, last = int(times_us.min()) // HOUR_US, int(times_us.max()) // HOUR_US
    if first == last:
        yield first, records
        return
    hours = times_us // HOUR_US
    for hour in np.unique(hours).tolist():
        yield hour, records.take(hours == hour)


def _add(
    counts: Mapping[str, FieldCounts],
    observed: Mapping[str, NDArray[Any]],
    bins: Mapping[str, Bins],
    ranges: Mapping[str, Range],
    *,
    rows: int,
) -> None:
    """Count values by field; a row without a value was not readable."""
    for name, field in counts.items():
        values = observed[name]
        field.add(values, bins[name], ranges.get(name))
        field.unread += rows - len(values)

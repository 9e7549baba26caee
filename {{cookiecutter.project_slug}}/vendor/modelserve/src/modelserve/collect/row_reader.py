"""Joins the rows of captures with their ground truth, file by file, and writes them to a part."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import sha256
from ..errors import CollectionError
from ..manifest import Manifest
from ..monitoring.bitmap import Bitmap
from ..monitoring.ground_truth import GroundTruth
from ..monitoring.ingest.batches import InferenceBatch, RecordFilter
from ..monitoring.ingest.bodies import BodyParser, Row, read_cells, read_tensor
from ..monitoring.ingest.duplicates import all_first
from ..monitoring.ingest.record_reader import FindFirst, RecordReader
from ..monitoring.ingest.records import Records
from .columns import read_columns
from .counts import RowCounts, SourceFile
from .formats import PartWriter, RowFormat
from .target import TargetColumn


class InputParser(BodyParser):
    """Parses bodies of any version of the model: of predictions, only the number matters."""

    def _predictions_of_csv(self, text: str) -> list[Row]:
        return [{}] * len(read_cells(text))

    def _predictions_of_tensors(self, tensors: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [{}] * len(read_tensor(tensors[0], 1))


@dataclass(frozen=True)
class RowReader:
    """Joins and writes rows; a copy of it does so in each process.

    Args:
        manifest: of the model, which has the schema.
        target: the values of ground truths.
        truths: the ground truth.
        record_filter: selects records.
        records: reads them.
        row_format: of the parts.
        folder: of the captures; files are named relative to it.
        scratch: the folder of the parts.
        with_time: whether the time of the inference is the last column.
    """

    manifest: Manifest
    target: TargetColumn
    truths: GroundTruth
    record_filter: RecordFilter
    records: RecordReader
    row_format: RowFormat
    folder: Path
    scratch: Path
    with_time: bool = False

    @property
    def in_process(self) -> bool:
        """Return that other processes may read."""
        return False

    def read(self, files: Sequence[Path], find_first: FindFirst = all_first) -> RowCounts:
        """Write the rows of some files to a part, and return what was counted.

        Args:
            files: to read, one after the other.
            find_first: as for `RecordReader.read`.

        Raises:
            MonitoringError: a file cannot be read.
            CollectionError: the part cannot be written.
        """
        counts = RowCounts(Bitmap.of_size(self.truths.count))
        try:
            descriptor, name = tempfile.mkstemp(dir=self.scratch)
            with os.fdopen(descriptor, "wb") as stream, self.row_format.open_part(stream) as part:
                for file, records in self.records.read(files, counts, find_first):
                    self._write(file, records, part, counts)
                    del records  # as the reader does
            counts.sources = sources_of(files, self.folder)
        except OSError as error:
            raise CollectionError(f"The rows cannot be collected: {error}") from error
        counts.parts.append(Path(name))
        return counts

    def _write(self, file: str, records: Records, part: PartWriter, counts: RowCounts) -> None:
        batch = self.record_filter.select(records, file, counts)
        if batch.counts and (columns := self._join(batch, records, counts)):
            part.write(columns)

    def _join(self, batch: InferenceBatch, records: Records, counts: RowCounts) -> list[list[Any]]:
        """Return the columns of the rows to write, none without such rows, and count all rows."""
        lengths = np.asarray(batch.counts, dtype=np.int64)
        matches = self.truths.find_rows([records.ids[i] for i in batch.records], lengths)
        has_truth = matches >= 0
        has_input = _of_rows(batch.requested, lengths)
        degraded = _of_rows(batch.responded, lengths)
        degraded[degraded] = batch.by_fallback
        usable = has_input & ~degraded
        chosen = usable & has_truth

        counts.records += len(lengths)
        counts.rows += len(matches)
        counts.without_input += int(np.count_nonzero(~has_input))
        counts.degraded += int(np.count_nonzero(has_input & degraded))
        counts.without_truth += int(np.count_nonzero(usable & ~has_truth))
        counts.matched.add(matches[has_truth])
        counts.joined += int(np.count_nonzero(has_truth))
        if not chosen.any():
            return []
        times_us = np.repeat(records.times_us[batch.records], lengths)
        rows = _take(batch.rows, chosen[has_input])
        return self._columns(rows, matches[chosen], times_us[chosen], counts)

    def _columns(
        self,
        rows: Sequence[Row],
        matches: NDArray[np.int64],
        times_us: NDArray[np.int64],
        counts: RowCounts,
    ) -> list[list[Any]]:
        """Return the columns of the rows that fit the schema, with target and time.

        Args:
            rows: as they were captured.
            matches: the indices of their ground truths, of shape (rows,).
            times_us: in microseconds since the epoch, of shape (rows,).
            counts: of all rows so far.
        """
        columns, fits = read_columns(rows, self.manifest, counts)
        if fits is not None:
            matches, times_us = matches[fits], times_us[fits]
        if not matches.size:
            return []
        codes, _, late = self.truths.take(matches)
        counts.written += len(codes)
        counts.late += int(np.count_nonzero(late))
        counts.new_labels.update(self.target.new_labels(codes))
        counts.first_us = min(counts.first_us, int(times_us.min()))
        counts.last_us = max(counts.last_us, int(times_us.max()))
        columns.append(self.target.values(codes))
        if self.with_time:
            seconds = times_us.astype("datetime64[us]").astype("datetime64[s]")
            columns.append([f"{each}Z" for each in seconds.astype(str).tolist()])
        return columns


def sources_of(files: Sequence[Path], folder: Path) -> list[SourceFile]:
    """Return what identifies files of a folder.

    Raises:
        OSError: one cannot be read.
    """
    return [source_of(path, folder) for path in files]


def source_of(path: Path, folder: Path) -> SourceFile:
    """Return what identifies a file of a folder.

    Raises:
        OSError: it cannot be read.
    """
    place = path.relative_to(folder.resolve()).as_posix()
    return SourceFile(place, path.stat().st_size, sha256(path))


def _of_rows(requests: Sequence[int], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each row whether it is of one of some requests, of shape (rows of all,)."""
    chosen = np.zeros(len(lengths), dtype=np.bool_)
    chosen[np.asarray(requests, dtype=np.int64)] = True
    return np.repeat(chosen, lengths)


def _take(rows: Sequence[Row], chosen: NDArray[np.bool_]) -> Sequence[Row]:
    if chosen.all():
        return rows
    return [rows[i] for i in np.flatnonzero(chosen).tolist()]

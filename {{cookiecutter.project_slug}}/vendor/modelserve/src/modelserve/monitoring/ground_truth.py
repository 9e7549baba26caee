"""Ground truth, matched with predictions by inference id and row."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import MonitoringError
from .ingest.schema import TRUTH
from .key_files import DIVISIONS, KeyWriter, read_division
from .lines import LineErrors, read_values, without_collector
from .outcomes import TruthParser
from .partitions import TimeWindow, hour_of
from .processes import WorkerPool
from .row_keys import Keys, keys_of
from .truth_lines import TruthLines

KEYS, TRUTHS = "keys", "truths"


@dataclass(frozen=True)
class GroundTruth:
    """Ground truths in files that all processes map: some 20 bytes each, once for all of them.

    Args:
        folder: of the files.
        dtype: of the truths.
        count: of the rows with a ground truth.
        duplicate: further ones for the same rows; the first one counts.
        errors: lines that could not be read.
        files: that were read.
    """

    folder: Path
    dtype: np.dtype[np.void]
    count: int
    duplicate: int
    errors: LineErrors
    files: tuple[Path, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to map the files, without their content."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def keys(self) -> Keys:
        """Return the keys of the rows, sorted, of shape (count,)."""
        return self._map(KEYS, np.uint64)

    @cached_property
    def truths(self) -> NDArray[np.void]:
        """Return the truths, of shape (count,).

        `value` is a label's index, or a value; `group` is an index; `late` says whether it arrived
        after the end of the window.
        """
        return self._map(TRUTHS, self.dtype)

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the index of each key's ground truth, -1 without one, of shape (keys,)."""
        if not self.count:
            return np.full(len(keys), -1, dtype=np.int64)
        order = keys.argsort()  # neighbours are searched for in the same pages
        places = np.empty(len(keys), dtype=np.int64)
        places[order] = self.keys.searchsorted(keys[order]).clip(max=self.count - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def find_rows(
        self, ids: Sequence[str], counts: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the index of the ground truth of each row, -1 without one.

        Args:
            ids: the inference ids of some requests.
            counts: the rows of each.

        Returns:
            of shape (sum of counts,).
        """
        return self.find(keys_of(ids, counts))

    def take(
        self, index: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return values, groups and lateness at `index`, of shape (n,) each."""
        chosen = self.truths[index]
        return chosen["value"], chosen["group"].astype(np.int64), chosen["late"]

    def _map(self, name: str, dtype: Any) -> NDArray[Any]:
        if not self.count:  # an empty file cannot be mapped
            return np.empty(0, dtype)
        # A view as an array: indexing a `memmap` is slow.
        return np.memmap(self.folder / name, dtype, "r").view(np.ndarray)


class TruthFiles(NamedTuple):
    """How the files of a folder are read.

    Args:
        folder: files are named relative to it.
        window: of the predictions.
        parser: of ground truths.
        groups: the configured ones; all others get the next index.
    """

    folder: Path
    window: TimeWindow
    parser: TruthParser
    groups: Sequence[str] = ()

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Return the type of a truth."""
        group = np.min_scalar_type(len(self.groups))
        return np.dtype([("value", np.float64), ("group", group), ("late", np.bool_)])

    @property
    def row_dtype(self) -> np.dtype[np.void]:
        """Return the type of a truth with its key."""
        return np.dtype([("key", np.uint64), ("truth", self.dtype)])

    def read(self, files: Sequence[Path], folder: Path) -> tuple[LineErrors, TruthParser]:
        """Write the ground truths of some files to a folder, and return the errors and the parser.

        Raises:
            MonitoringError: a file cannot be read, or written.
        """
        errors = LineErrors()
        lines = TruthLines(self.parser, {group: i for i, group in enumerate(self.groups)})
        try:
            writer = KeyWriter(folder, self.row_dtype)
            for path in files:
                late = _is_late(path, self.window)
                file = path.relative_to(self.folder.resolve()).as_posix()
                with without_collector():
                    for some in read_values(path, file, errors, TRUTH):
                        keys, values, groups = lines.parse(some, file, errors)
                        truths = np.empty(len(keys), dtype=self.dtype)
                        truths["value"], truths["group"], truths["late"] = values, groups, late
                        writer.add(keys, truth=truths)
            writer.flush()
        except OSError as error:
            raise MonitoringError(f"Ground truth cannot be sorted: {error}") from error
        return errors, self.parser


def load_ground_truth(
    reading: TruthFiles, files: tuple[Path, ...], pool: WorkerPool
) -> GroundTruth:
    """Return the ground truth of some files; for a row with several, the first one.

    Args:
        reading: how they are read; its parser knows all truths afterwards.
        files: in order.
        pool: with the folder in which the ground truth stays.

    Raises:
        MonitoringError: a file cannot be read, or a process was killed.
    """
    try:
        divided = pool.divide(files)
        folders = [pool.scratch / f"{i}.truths" for i in range(len(divided))]
        parts = pool.run(TruthFiles.read, [reading] * len(divided), divided, folders)
        errors = LineErrors()
        for part_errors, parser in parts:
            errors.merge(part_errors)
            if parser is not reading.parser:
                reading.parser.merge(parser)
        count, duplicate = _sort(folders, pool.scratch, reading.row_dtype)
    except OSError as error:
        raise MonitoringError(f"{reading.folder} cannot be read: {error}") from error
    return GroundTruth(pool.scratch, reading.dtype, count, duplicate, errors, files)


def _sort(folders: Sequence[Path], output: Path, dtype: np.dtype[np.void]) -> tuple[int, int]:
    """Write the first truth of each key, sorted; return how many there are, and how many others."""
    count = duplicate = 0
    with (output / KEYS).open("wb") as keys_file, (output / TRUTHS).open("wb") as truths_file:
        for number in range(DIVISIONS):
            rows = np.concatenate(read_division(folders, dtype, number))
            keys, first = np.unique(rows["key"], return_index=True)
            keys_file.write(keys.tobytes())
            truths_file.write(rows["truth"][first].tobytes())
            count += len(keys)
            duplicate += len(rows) - len(keys)
    return count, duplicate


def _is_late(path: Path, window: TimeWindow) -> bool:
    """Tell whether a file was written after the window."""
    hour = hour_of(path.parent)
    return bool(hour and window.until and hour >= window.until)

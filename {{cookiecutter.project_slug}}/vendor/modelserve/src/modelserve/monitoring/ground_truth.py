"""Ground truth, matched with predictions by inference id and row."""

import csv
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from ..errors import MonitoringError
from . import processes
from .ingest.records import INVALID, describe
from .lines import LineErrors, Values, read_values, without_collector
from .outcomes import TruthParser
from .partitions import TimeWindow, find_files, hour_of
from .row_keys import Keys, keys_at, keys_of

MOST_ROWS = 2**32  # of one request


@dataclass(frozen=True)
class GroundTruth:
    """Ground truths as arrays: some 25 bytes each, so that millions fit into memory.

    Args:
        keys: of their rows, sorted, of shape (truths,).
        values: a label's index, or a value, of shape (truths,).
        groups: the group's index, of shape (truths,).
        late: whether it arrived after the end of the window, of shape (truths,).
        duplicate: further ones for the same rows; the first one counts.
        errors: lines that could not be read.
        files: that were read.
    """

    keys: Keys
    values: NDArray[np.float64]
    groups: NDArray[np.int64]
    late: NDArray[np.bool_]
    duplicate: int
    errors: LineErrors
    files: tuple[Path, ...] = ()

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the index of each key's ground truth, -1 without one, of shape (keys,)."""
        if not self.keys.size:
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
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
        return self.values[index], self.groups[index], self.late[index]


class TruthPart(NamedTuple):
    """The ground truths of some files, in their order, and what `GroundTruth` says of them."""

    keys: Keys
    values: NDArray[np.float64]
    groups: NDArray[np.int64]
    late: NDArray[np.bool_]
    errors: LineErrors
    reader: TruthParser


class TruthFiles(NamedTuple):
    """How the files of a folder are read.

    Args:
        folder: files are named relative to it.
        window: of the predictions.
        reader: parses ground truths.
        codes: the indices of the groups.
    """

    folder: Path
    window: TimeWindow
    reader: TruthParser
    codes: Mapping[Any, int]

    def read(self, files: Sequence[Path]) -> TruthPart:
        """Return the ground truths of some files.

        Raises:
            MonitoringError: a file cannot be read.
        """
        errors = LineErrors()
        pieces = []
        for path in files:
            late = _is_late(path, self.window)
            file = path.relative_to(self.folder.resolve()).as_posix()
            with without_collector():
                for lines in read_values(path, file, errors):
                    piece = _parse(lines, file, self, errors)
                    pieces.append((*piece, np.full(len(piece[0]), late)))
        empty = (np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int64), np.empty(0, np.bool_))
        keys, values, groups, late_flags = map(np.concatenate, zip(empty, *pieces, strict=True))
        return TruthPart(keys, values, groups, late_flags, errors, self.reader)


def load_ground_truth(
    folder: Path, window: TimeWindow, reader: TruthParser, groups: Sequence[str]
) -> GroundTruth:
    """Return the ground truth of a folder; for a row with several, the first one.

    Args:
        folder: laid out by the hour.
        window: of the predictions.
        reader: parses ground truths.
        groups: the configured ones; all others get the next index.

    Raises:
        MonitoringError: the folder or a file cannot be read, or a process was killed.
    """
    files = find_files(folder, window, later=True).files
    reading = TruthFiles(folder, window, reader, {group: i for i, group in enumerate(groups)})
    try:
        divided = processes.divide_by_processors(files)
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be read: {error}") from error
    parts = processes.run(TruthFiles.read, [reading] * len(divided), divided)
    errors = LineErrors()
    for part in parts:
        errors.merge(part.errors)
        if part.reader is not reader:
            reader.merge(part.reader)
    columns = [np.concatenate([part[i] for part in parts]) for i in range(4)]
    keys, first = np.unique(columns[0], return_index=True)
    duplicate = len(columns[0]) - len(keys)
    values, group_codes, late_flags = (column[first] for column in columns[1:])
    return GroundTruth(keys, values, group_codes, late_flags, duplicate, errors, files)


def _is_late(path: Path, window: TimeWindow) -> bool:
    """Tell whether a file was written after the window."""
    hour = hour_of(path.parent)
    return bool(hour and window.until and hour >= window.until)


def _parse(
    lines: Values, file: str, reading: TruthFiles, errors: LineErrors
) -> tuple[Keys, NDArray[np.float64], NDArray[np.int64]]:
    """Return keys, values and groups of the ground truths among some lines."""
    try:
        columns = _to_columns(lines.values, reading)
    except INVALID:
        columns = _parse_each(lines, file, reading, errors)
    ids, rows, values, groups = columns
    keys = keys_at(ids, rows)
    return keys, np.array(values, dtype=np.float64), np.array(groups, dtype=np.int64)


TruthColumns = tuple[list[str], list[int], list[float], list[int]]


def _to_columns(values: Sequence[Any], reading: TruthFiles) -> TruthColumns:
    """Return ids, rows, values and groups; the fast path for truths as `/feedback` writes them.

    Raises:
        LookupError: or any other of `INVALID`: a value is no ground truth, or is written otherwise.
    """
    events = [value["eventMetadata"] for value in values]
    data = [value["groundTruthData"] for value in values]
    ids = [event["eventId"] for event in events]
    rows = [event.get("row", 0) for event in events]
    texts = [each["data"] for each in data]
    if {each["encoding"] for each in data} != {"CSV"} or set(map(type, (*ids, *texts))) != {str}:
        raise ValueError
    if set(map(type, rows)) != {int} or min(rows) < 0 or max(rows) >= MOST_ROWS:
        raise ValueError
    if any(text.lstrip()[:1] == '"' for text in set(texts)):
        raise ValueError
    truths = {text: reading.reader.truth(text.strip()) for text in dict.fromkeys(texts)}
    other = len(reading.codes)
    groups = [reading.codes.get(event.get("group"), other) for event in events]
    return ids, rows, [truths[text] for text in texts], groups


def _parse_each(lines: Values, file: str, reading: TruthFiles, errors: LineErrors) -> TruthColumns:
    """Return ids, rows, values and groups of the lines that are ground truths."""
    codes = reading.codes
    ids: list[str] = []
    rows: list[int] = []
    values: list[float] = []
    groups: list[int] = []
    for value, number in zip(lines.values, lines.numbers, strict=True):
        try:
            event = value["eventMetadata"]
            name, row = event["eventId"], _row(event)
            truth = reading.reader.truth(_text(value["groundTruthData"]))
            group = codes.get(event.get("group"), len(codes))
            if not isinstance(name, str):
                raise ValueError("has an eventId that is not a text")
        except INVALID as error:
            errors.add_corrupt(file, number, describe(error))
        else:
            ids.append(name)
            rows.append(row)
            values.append(truth)
            groups.append(group)
    return ids, rows, values, groups


def _row(event: Mapping[str, Any]) -> int:
    row = event.get("row", 0)
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < MOST_ROWS:
        raise ValueError("has a row that is not an index from 0")
    return row


def _text(data: Mapping[str, Any]) -> str:
    """Return a ground truth as text."""
    value, encoding = data["data"], data["encoding"]
    if encoding == "BASE64":
        value = b64decode(value, validate=True).decode()
    elif encoding == "JSON" and isinstance(value, str):
        value = from_json(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("has a truth that is neither text nor number")
    text = str(value).strip()
    if text[:1] == '"' and encoding != "JSON":
        ((text, *_),) = csv.reader([text])
    return text

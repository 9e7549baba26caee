"""Ground truth, matched with predictions by inference id and row."""

import csv
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from .ingest.records import INVALID, describe
from .lines import LineErrors, Values, read_values, without_collector
from .outcomes import TruthReader
from .partitions import TimeWindow, find_files, hour_of
from .row_keys import Keys, keys_at

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
    """

    keys: Keys
    values: NDArray[np.float64]
    groups: NDArray[np.int64]
    late: NDArray[np.bool_]
    duplicate: int
    errors: LineErrors

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the index of each key's ground truth, -1 without one, of shape (keys,)."""
        if not self.keys.size:
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def take(
        self, index: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return values, groups and lateness at `index`, of shape (n,) each."""
        return self.values[index], self.groups[index], self.late[index]


def load_ground_truth(
    folder: Path, window: TimeWindow, reader: TruthReader, groups: Sequence[str]
) -> GroundTruth:
    """Return the ground truth of a folder; for a row with several, the first one.

    Args:
        folder: laid out by the hour.
        window: of the predictions.
        reader: parses ground truths.
        groups: the configured ones; all others get the next index.

    Raises:
        MonitoringError: the folder or a file cannot be read.
    """
    errors = LineErrors()
    codes = {group: i for i, group in enumerate(groups)}
    pieces = []
    for path in find_files(folder, window, later=True).files:
        late = _is_late(path, window)
        file = path.relative_to(folder.resolve()).as_posix()
        with without_collector():
            for lines in read_values(path, file, errors):
                piece = _parse(lines, file, reader, codes, errors)
                pieces.append((*piece, np.full(len(piece[0]), late)))
    empty = (np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int64), np.empty(0, np.bool_))
    columns: list[NDArray[Any]] = list(map(np.concatenate, zip(empty, *pieces, strict=True)))
    keys, first = np.unique(columns[0], return_index=True)
    duplicate = len(columns[0]) - len(keys)
    values, group_codes, late_flags = (column[first] for column in columns[1:])
    return GroundTruth(keys, values, group_codes, late_flags, duplicate, errors)


def _is_late(path: Path, window: TimeWindow) -> bool:
    """Tell whether a file was written after the window."""
    hour = hour_of(path.parent)
    return bool(hour and window.until and hour >= window.until)


def _parse(
    lines: Values, file: str, reader: TruthReader, codes: Mapping[Any, int], errors: LineErrors
) -> tuple[Keys, NDArray[np.float64], NDArray[np.int64]]:
    """Return keys, values and groups of the ground truths among some lines."""
    ids, rows, values, groups = [], [], [], []
    for value, number in zip(lines.values, lines.numbers, strict=True):
        try:
            event = value["eventMetadata"]
            name, row = event["eventId"], _row(event)
            truth = reader.truth(_text(value["groundTruthData"]))
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
    keys = keys_at(ids, rows)
    return keys, np.array(values, dtype=np.float64), np.array(groups, dtype=np.int64)


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

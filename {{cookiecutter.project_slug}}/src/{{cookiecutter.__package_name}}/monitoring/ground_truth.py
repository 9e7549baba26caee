"""What turned out to be true, found again by the inference id and the row of an answer."""

import csv
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from .answer_keys import Keys, keys_at
from .hours import Span, find, hour_of
from .lines import Faults, Values, read_values, without_collector
from .outcomes import Judge
from .records import FOREIGN, word

MOST_ROWS = 2**32  # of one request


@dataclass(frozen=True)
class Truths:
    """All truths, in 64 bits a key and a few bytes more each: millions of them fit into memory.

    Args:
        keys: of answers, sorted, of shape (truths,).
        values: a label's number, or a value, of shape (truths,).
        groups: the group's number, of shape (truths,).
        late: whether it was told after the window's end, of shape (truths,).
        duplicate: how many more there were about the same answers; the first one counts.
        faults: lines that could not be read.
    """

    keys: Keys
    values: NDArray[np.float64]
    groups: NDArray[np.int64]
    late: NDArray[np.bool_]
    duplicate: int
    faults: Faults

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """Return the number of each key's truth, -1 where there is none, of shape (keys,)."""
        if not self.keys.size:
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def take(
        self, index: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return values, groups and lateness of the truths at `index`, of shape (n,) each."""
        return self.values[index], self.groups[index], self.late[index]


def load(folder: Path, span: Span, judge: Judge, groups: Sequence[str]) -> Truths:
    """Return the truths of a folder, first come, first counted.

    Args:
        folder: laid out by the hour.
        span: the window of the answers that they are about.
        judge: knows what a truth can be.
        groups: that are told apart; all others are numbered as one more.

    Raises:
        MonitoringError: the folder or a file cannot be read.
    """
    faults = Faults()
    codes = {group: i for i, group in enumerate(groups)}
    pieces = []
    for path in find(folder, span, later=True).files:
        hour = hour_of(path.parent)
        late = bool(hour and span.until and hour >= span.until)
        name = path.relative_to(folder.resolve()).as_posix()
        with without_collector():
            for found in read_values(path, name, faults):
                piece = _sift(found, name, judge, codes, faults)
                pieces.append((*piece, np.full(len(piece[0]), late)))
    nothing = (np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int64), np.empty(0, np.bool_))
    columns: list[NDArray[Any]] = list(map(np.concatenate, zip(nothing, *pieces, strict=True)))
    unique, first = np.unique(columns[0], return_index=True)
    values, known, lateness = (column[first] for column in columns[1:])
    return Truths(unique, values, known, lateness, len(columns[0]) - len(unique), faults)


def _sift(
    found: Values, file: str, judge: Judge, codes: Mapping[Any, int], faults: Faults
) -> tuple[Keys, NDArray[np.float64], NDArray[np.int64]]:
    """Return keys, values and groups of the truths among some lines' values."""
    ids, rows, values, groups = [], [], [], []
    for value, number in zip(found.values, found.numbers, strict=True):
        try:
            event = value["eventMetadata"]
            name, row = event["eventId"], _row(event)
            truth = judge.truth(_text(value["groundTruthData"]))
            group = codes.get(event.get("group"), len(codes))
            if not isinstance(name, str):
                raise ValueError("names no answer")
        except FOREIGN as error:
            faults.note_corrupt(file, number, word(error))
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
        raise ValueError("has a row that is no number from 0")
    return row


def _text(data: Mapping[str, Any]) -> str:
    """Return a truth as text."""
    given, encoding = data["data"], data["encoding"]
    if encoding == "BASE64":
        given = b64decode(given, validate=True).decode()
    elif encoding == "JSON" and isinstance(given, str):
        given = from_json(given)
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError("has a truth that is no text and no number")
    text = str(given).strip()
    if text[:1] == '"' and encoding != "JSON":
        ((text, *_),) = csv.reader([text])
    return text

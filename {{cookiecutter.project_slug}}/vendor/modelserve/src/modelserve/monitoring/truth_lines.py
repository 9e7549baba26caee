"""Parses ground truths, as `/feedback` and SageMaker write them."""

import csv
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import convert
from numpy.typing import NDArray
from pydantic_core import from_json

from .ingest.records import INVALID, describe
from .ingest.schema import Truth, TruthData
from .lines import LineErrors, Values
from .outcomes import TruthParser
from .row_keys import Keys, keys_at

MOST_ROWS = 2**32  # of one request

TruthColumns = tuple[list[str], list[int], list[float], list[int]]


class TruthLines(NamedTuple):
    """How lines are parsed.

    Args:
        parser: of the truths.
        codes: the indices of the groups.
    """

    parser: TruthParser
    codes: Mapping[Any, int]

    def parse(
        self, lines: Values, file: str, errors: LineErrors
    ) -> tuple[Keys, NDArray[np.float64], NDArray[np.int64]]:
        """Return keys, values and groups of the ground truths among some lines.

        Args:
            lines: their values.
            file: its name in reported errors.
            errors: counts values that are no ground truths.
        """
        try:
            columns = _to_columns(lines.values, self)
        except INVALID:
            columns = _parse_each(lines, file, self, errors)
        ids, rows, values, groups = columns
        keys = keys_at(ids, rows)
        return keys, np.array(values, dtype=np.float64), np.array(groups, dtype=np.int64)


def _to_columns(values: Sequence[Any], reading: TruthLines) -> TruthColumns:
    """Return ids, rows, values and groups; the fast path for truths as `/feedback` writes them.

    Raises:
        LookupError: or any other of `INVALID`: a value is no ground truth, or is written otherwise.
    """
    lines = convert(values, list[Truth])
    events = [line.event_metadata for line in lines]
    data = [line.ground_truth_data for line in lines]
    rows = [event.row for event in events]
    texts = [each.data for each in data]
    if {each.encoding for each in data} != {"CSV"} or set(map(type, texts)) != {str}:
        raise ValueError
    if set(map(type, rows)) != {int} or min(rows) < 0 or max(rows) >= MOST_ROWS:
        raise ValueError
    if any(text.lstrip()[:1] == '"' for text in set(texts)):
        raise ValueError
    truths = {text: reading.parser.truth(text) for text in dict.fromkeys(texts)}
    other = len(reading.codes)
    groups = [reading.codes.get(event.group, other) for event in events]
    return [event.event_id for event in events], rows, [truths[text] for text in texts], groups


def _parse_each(lines: Values, file: str, reading: TruthLines, errors: LineErrors) -> TruthColumns:
    """Return ids, rows, values and groups of the lines that are ground truths."""
    codes = reading.codes
    ids: list[str] = []
    rows: list[int] = []
    values: list[float] = []
    groups: list[int] = []
    for value, number in zip(lines.values, lines.numbers, strict=True):
        try:
            line = convert(value, Truth)
            event = line.event_metadata
            row = _checked_row(event.row)
            truth = reading.parser.truth(_text(line.ground_truth_data))
            group = codes.get(event.group, len(codes))
        except INVALID as error:
            errors.add_corrupt(file, number, describe(error))
        else:
            ids.append(event.event_id)
            rows.append(row)
            values.append(truth)
            groups.append(group)
    return ids, rows, values, groups


def _checked_row(row: Any) -> int:
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < MOST_ROWS:
        raise ValueError("has a row that is not an index from 0")
    return row


def _text(data: TruthData) -> str:
    """Return a ground truth as text."""
    value, encoding = data.data, data.encoding
    if encoding == "BASE64":
        value = b64decode(value, validate=True).decode()
    elif encoding == "JSON" and isinstance(value, str):
        value = from_json(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("has a truth that is neither text nor number")
    text = str(value)
    if text.lstrip()[:1] == '"' and encoding != "JSON":
        ((text, *_),) = csv.reader([text.strip()])
    return text

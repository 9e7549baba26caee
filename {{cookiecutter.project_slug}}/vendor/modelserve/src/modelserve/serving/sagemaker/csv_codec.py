"""CSV: one row per line, in the order of the model's fields or under a header."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice
from operator import itemgetter
from typing import Any

from pydantic_core import from_json

from ...errors import FieldError, InvalidInputError, MalformedError
from ...types import ModelInput, Prediction
from ..capture import REDACTED
from ..codec import JsonCodec
from ..invalid_rows import (
    CSV_MARKS,
    SMALL_BYTES,
    check_values,
    parse_rows,
    prune_rows,
    too_many_values,
    wrong_row_count,
)

Cells = list[str]


class CsvCodec:
    """Decodes and encodes CSV rows; an empty cell is a missing value.

    Args:
        codec: the service's own.
        max_rows: that one request may carry.
    """

    def __init__(self, codec: JsonCodec, *, max_rows: int) -> None:
        """Read the order of the fields."""
        self._codec = codec
        self._fields = [feature.name for feature in codec.inputs.features]
        self._max_rows = max_rows

    def decode(self, body: bytes) -> ModelInput:
        """Return the tensors of the rows.

        Raises:
            MalformedError: the body is not CSV.
            InvalidInputError: rows or fields are invalid; each is named as in JSON.
        """
        limit = self._codec.most_values
        if len(body) > SMALL_BYTES:
            check_values(body, limit, marks=CSV_MARKS, max_rows=self._max_rows)
        head, rows = self._read(body)
        fields = head or self._fields
        if not 1 <= len(rows) <= self._max_rows:
            complete = len(rows) <= self._max_rows + 1
            raise wrong_row_count(len(rows), self._max_rows, complete=complete)
        if sum(map(len, rows)) > limit:
            raise too_many_values(limit, max_rows=self._max_rows)
        width = len(fields)
        whole = {
            i: dict(zip(fields, cells, strict=True))
            for i, cells in enumerate(rows)
            if len(cells) == width
        }
        wrong = [
            (i, _wrong_width(i, len(cells), width))
            for i, cells in enumerate(rows)
            if i not in whole
        ]
        inputs, numbers, complete = self._codec.inputs, list(whole), True
        try:
            parsed = parse_rows(inputs, prune_rows([*whole.values()], inputs), text=True)
        except InvalidInputError as error:
            wrong += [_place(each, numbers) for each in error.errors]
            complete = error.complete
        if wrong:
            wrong.sort(key=itemgetter(0))
            raise InvalidInputError([each for _, each in wrong], complete=complete)
        return self._codec.gather_instances(parsed)

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return a line per prediction, without a header: its values in order."""
        del inference_id
        return _write(map(_flatten, self._codec.answers(given, prediction)))

    def redact(self, body: bytes, names: Collection[str]) -> bytes:
        """Return a request's body with the values of some fields redacted."""
        head, rows = self._read(body)
        hidden = [i for i, name in enumerate(head or self._fields) if name in names]
        for cells in rows:
            for i in hidden:
                cells[i] = REDACTED
        return _write([head, *rows] if head else rows)

    def _read(self, body: bytes) -> tuple[Cells, list[Cells]]:
        """Return the header, which may be empty, and the cells of each row, up to two too many."""
        try:
            text = io.StringIO(body.decode("utf-8-sig"), newline="")
            filled = (cells for cells in csv.reader(text, strict=True) if cells)
            rows = list(islice(filled, self._max_rows + 3))  # and one header
        except (UnicodeDecodeError, csv.Error) as error:
            raise MalformedError(f"The body is no valid CSV: {error}.") from error
        if rows and self._is_header(rows[0]):
            return rows[0], rows[1:]
        return [], rows

    def _is_header(self, cells: Cells) -> bool:
        """Return whether cells name every field once; other names are extra fields."""
        counts = Counter(cells)
        return all(counts[name] == 1 for name in self._fields)


def _wrong_width(index: int, count: int, width: int) -> FieldError:
    """Return the error of a row with too few cells or too many, and what is the likely reason."""
    pointer = f"/instances/{index}"
    if count == 1:
        return FieldError(pointer, f"1 value; should be {width}, separated by commas")
    return FieldError(
        pointer,
        f"{count} values; should be {width}, in the order of the fields or below a header line "
        "that names every field",
    )


def _place(field_error: FieldError, numbers: list[int]) -> tuple[int, FieldError]:
    """Return an error at "/index/field" as one of the body, with its row's number."""
    index, slash, field = field_error.pointer[1:].partition("/")
    number = numbers[int(index)]
    return number, FieldError(f"/instances/{number}{slash}{field}", field_error.detail)


def _flatten(prediction: str) -> list[Any]:
    """Return the values of a JSON prediction, with the numbers as in JSON."""
    values: list[Any] = []
    for value in from_json(prediction).values():
        values += value.values() if isinstance(value, dict) else [value]
    return values


def _write(rows: Iterable[list[Any]]) -> bytes:
    # The last line ends like the others: Batch Transform concatenates responses.
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()

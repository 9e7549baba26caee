"""Write answered rows as JSON Lines or CSV."""

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import TextIOWrapper
from itertools import chain
from math import isnan
from typing import IO, Any, Protocol

from pydantic_core import from_json, to_json

from ..errors import MalformedError, ModelError
from .tables import ABSENT, ROW, AnsweredRows, Columns, free_names

PROBABILITIES, PROBABILITY = "probabilities", "probability"


class AnswerWriter(Protocol):
    """Writes answered rows."""

    def write(self, rows: AnsweredRows) -> None:
        """Write the answered rows of a chunk."""

    def close(self) -> None:
        """Write what is left."""

    def abandon(self) -> None:
        """Release what is open: an error ended the answers, and the file is removed."""


class JsonLinesWriter:
    """Writes a JSON object for each row: its number, what is kept of it, and its answer.

    Args:
        stream: of the file.
        fields: that an answer has.
        vary: whether `postprocess` may give an answer other fields.
    """

    def __init__(self, stream: IO[bytes], fields: Sequence[str], *, vary: bool = False) -> None:
        """Note the fields."""
        self._stream, self._fields, self._vary = stream, dict.fromkeys((ROW, *fields)), vary

    def write(self, rows: AnsweredRows) -> None:
        """Write a line for each row."""
        bodies = [answer[1:-1] for answer in rows.answers]
        parts = [_objects(self._rename(rows)), bodies, _objects(rows.further)]
        fields = zip(*(each for each in parts if each), strict=True)
        lines = [
            f'{{"{ROW}":{number},{",".join(filter(None, each))}}}\n'
            if any(each)
            else f'{{"{ROW}":{number}}}\n'
            for number, each in zip(rows.numbers, fields, strict=True)
        ]
        self._stream.write("".join(lines).encode())

    def close(self) -> None:
        """Write nothing: every line is written."""

    def abandon(self) -> None:
        """Release nothing: the stream is not its own."""

    def _rename(self, rows: AnsweredRows) -> Columns:
        if not rows.kept:
            return {}
        if self._vary:
            self._fields |= dict.fromkeys(chain.from_iterable(map(from_json, rows.answers)))
        names = free_names([*rows.kept], [*self._fields, *rows.further])
        return dict(zip(names, rows.kept.values(), strict=True))


def _objects(columns: Columns) -> list[str]:
    """Return the fields of each row as JSON, without braces; nothing without columns."""
    columns = {name: _plain(values) for name, values in columns.items()}
    return [
        to_json(
            {
                name: value
                for name, value in zip(columns, values, strict=True)
                if value is not ABSENT
            },
            inf_nan_mode="null",
            bytes_mode="base64",
        ).decode()[1:-1]
        for values in zip(*columns.values(), strict=True)
    ]


def _plain(values: Sequence[Any]) -> Sequence[Any]:
    """Return decimals as numbers of JSON, or as texts where these would have fewer digits."""
    if Decimal not in set(map(type, values)):
        return values
    return [_number(value) if isinstance(value, Decimal) else value for value in values]


def _number(value: Decimal) -> float | str:
    number = int(value) if value == value.to_integral_value() else float(value)
    return number if Decimal(repr(number)) == value else f"{value:f}"


class TableLayout:
    """The columns of a table of answers, the same for all of its rows.

    Args:
        kept: columns of the input.
        columns: of the answers, if there are no rows.
    """

    def __init__(self, kept: Sequence[str], columns: Sequence[str]) -> None:
        """Note the columns."""
        self.kept, self._columns = list(kept), list(columns)
        self._fixed = False

    @property
    def names(self) -> list[str]:
        """Return the names of the columns."""
        return [ROW, *free_names(self.kept, [ROW, *self._columns]), *self._columns]

    def arrange(self, rows: AnsweredRows) -> list[Sequence[Any]]:
        """Return the columns of rows, in the order of their names.

        Raises:
            MalformedError: a row has a field that the file's first rows do not have.
            ModelError: the fields of an answer are not those of the first answer.
        """
        answers = flatten(rows.answers) | dict(rows.further)
        if not self._fixed:
            self._columns, self._fixed = list(answers), True
        if list(answers) != self._columns:
            raise ModelError(
                "postprocess gives rows different fields, which a table cannot hold; "
                "write a .jsonl file."
            )
        if unknown := [name for name in rows.kept if name not in self.kept]:
            raise MalformedError(
                f"row {rows.numbers[0]} or one after it has the field {unknown[0][:60]!r}, which "
                "the file's first rows do not have; write a .jsonl file, or set --keep none."
            )
        absent = [ABSENT] * len(rows.numbers)
        kept = [rows.kept.get(name, absent) for name in self.kept]
        return [rows.numbers, *kept, *answers.values()]


def flatten(answers: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return JSON objects as columns; a field of an object is a column `name_field`.

    Raises:
        ModelError: the answers do not have the same fields.
    """
    parsed = from_json(f"[{','.join(answers)}]")
    if not parsed:
        return {}
    columns: dict[str, Sequence[Any]] = {}
    try:
        for name, value in parsed[0].items():
            values = [each[name] for each in parsed]
            if not isinstance(value, Mapping):
                columns[name] = values
                continue
            for field in value:
                columns[column_of(name, field)] = [each[field] for each in values]
            same = all(len(each) == len(value) for each in values)
            if not same:
                raise KeyError(name)
        if any(len(each) != len(parsed[0]) for each in parsed):
            raise KeyError
    except (KeyError, TypeError) as error:
        raise ModelError(
            "postprocess gives rows different fields, which a table cannot hold; "
            "write a .jsonl file."
        ) from error
    return columns


def column_of(name: str, field: str) -> str:
    """Return the column of a field within a field of an answer."""
    return f"{PROBABILITY if name == PROBABILITIES else name}_{field}"


class CsvWriter:
    """Writes a CSV file with a header.

    Args:
        stream: of the file.
        layout: of its columns.
        separator: of columns.
        decimal: the decimal point.
    """

    def __init__(
        self, stream: IO[bytes], layout: TableLayout, *, separator: str, decimal: str
    ) -> None:
        """Write nothing yet: the first answers name the columns."""
        self._layout, self._point = layout, decimal
        self._text = TextIOWrapper(stream, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, delimiter=separator, lineterminator="\n")
        self._begun = False

    def write(self, rows: AnsweredRows) -> None:
        """Write a line for each row."""
        columns = self._layout.arrange(rows)
        self._begin()
        cells = [self._cells(column) for column in columns]
        self._writer.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        """Write what is left, and the header if there were no rows."""
        self._begin()
        self._text.detach()

    def abandon(self) -> None:
        """Release nothing: the stream is not its own."""

    def _begin(self) -> None:
        if not self._begun:
            self._writer.writerow(self._layout.names)
            self._begun = True

    def _cells(self, column: Sequence[Any]) -> Sequence[Any]:
        kinds = set(map(type, column))
        if kinds <= {str, int} or (kinds == {float} and self._point == "."):
            return column
        return [self._cell(value) for value in column]

    def _cell(self, value: Any) -> Any:
        if value is None or value is ABSENT:
            return ""
        if isinstance(value, float):
            return "" if isnan(value) else repr(value).replace(".", self._point)
        if isinstance(value, Decimal):
            return f"{value:f}".replace(".", self._point)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return value
        text = to_json(value, inf_nan_mode="null", bytes_mode="base64").decode()
        return text[1:-1] if text.startswith('"') else text

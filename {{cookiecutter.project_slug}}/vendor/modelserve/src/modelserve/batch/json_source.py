"""Read rows from a file with a JSON object a line."""

from collections.abc import Container, Iterator, Mapping, Sequence
from decimal import Decimal
from io import TextIOWrapper
from itertools import chain, islice
from math import isnan
from typing import Any

from pydantic_core import from_json

from ..manifest import Manifest
from .column_types import Types, infer_types
from .streams import InputStream, read_lines
from .tables import ABSENT, Chunk, Columns, Keep, Shard

LOOKED_AT = 1_000  # rows whose fields are the columns of a table of answers
SCALARS = (bool, int, float, Decimal)
EXACT = 2**53  # float64 holds every integer up to here


class RecordSplitter:
    """Splits the fields of records: those of the model, and those that the output repeats.

    Args:
        manifest: of the model, which has the fields.
        keep: which fields the output repeats.
    """

    def __init__(self, manifest: Manifest, *, keep: Keep) -> None:
        """Read the names of the fields."""
        self._fields = {each.name: manifest.missing_texts(each) for each in manifest.features}
        self._texts = {
            each.name: frozenset(each.categories)
            for each in manifest.features
            if each.dtype in ("category", "text")
        }
        self._keep, self._index = keep, manifest.data.index

    def split(self, records: list[Any]) -> tuple[list[Any], Columns]:
        """Return the model's fields of each record, and the columns that the output repeats."""
        fields = self._fields
        rows = [
            {
                name: None if isinstance(value, str) and value in fields[name] else value
                for name, value in record.items()
                if name in fields
            }
            if isinstance(record, Mapping)
            else record
            for record in records
        ]
        for name, known in self._texts.items():
            for row in rows:
                if isinstance(row, dict) and isinstance(row.get(name), SCALARS):
                    row[name] = _write(row[name], known)
        if self._keep == "none":
            return rows, {}
        objects = [record if isinstance(record, Mapping) else {} for record in records]
        names = dict.fromkeys(chain.from_iterable(objects))  # in the order in which they appear
        chosen = [name for name in names if self._keep == "all" or name not in fields]
        chosen.sort(key=lambda name: name != self._index)
        return rows, {name: [each.get(name, ABSENT) for each in objects] for name in chosen}


class JsonLinesSource:
    """A file with a JSON object a line; empty lines are skipped.

    Args:
        stream: of the file.
        manifest: of the model.
        keep: which fields the output repeats.
    """

    def __init__(self, stream: InputStream, manifest: Manifest, *, keep: Keep) -> None:
        """Decode the file's text."""
        self._text = TextIOWrapper(stream.binary, encoding="utf-8-sig", newline="")
        self._progress = stream.progress
        self.absent: Sequence[str] = ()
        self._splitter = RecordSplitter(manifest, keep=keep)
        filled = ((i, line) for i, line in enumerate(read_lines(self._text), 1) if line.strip())
        first = list(islice(filled, LOOKED_AT))
        self._filled = chain(first, filled)
        _, self._sample = self._splitter.split([_parse(text)[0] for _, text in first])
        self.kept: Sequence[str] = list(self._sample)

    def progress(self) -> float | None:
        """Return the share of the file that was read; None if its size is unknown."""
        return self._progress()

    def types(self) -> Types:
        """Return the types of the kept columns in the file's first rows."""
        return infer_types(self._sample)

    def chunks(self, size: int, shard: Shard) -> Iterator[Chunk]:
        """Yield the rows of a shard, from at most `size` rows of the file at once."""
        number = 0
        while read := list(islice(self._filled, size)):
            first = shard.first(number)
            numbers = range(number + first, number + len(read), shard.count)
            number += len(read)
            if numbers:
                yield self._chunk(numbers, read[first :: shard.count])

    def _chunk(self, numbers: range, read: list[tuple[int, str]]) -> Chunk:
        records, problems = [], {}
        for i, (_, text) in enumerate(read):
            record, problem = _parse(text)
            records.append(record)
            if problem:
                problems[i] = problem
        rows, kept = self._splitter.split(records)
        return Chunk(numbers, None, rows, kept, problems, lambda: [line for line, _ in read])


def _write(value: Any, known: Container[str]) -> str | None:
    """Return a number or a boolean as `train` writes it in a column of texts; None for NaN.

    Beside fractions or missing values, data frames write 17 as 17.0: then a known text is meant.

    Args:
        value: of the field.
        known: the field's categories.
    """
    if isinstance(value, Decimal):
        value = float(value) if value.as_tuple().exponent else int(value)
    if isinstance(value, float) and isnan(value):
        return None
    text = str(value)
    if not isinstance(value, bool) and abs(value) < EXACT and value == int(value):
        other = str(float(value)) if isinstance(value, int) else str(int(value))
        return other if other in known and text not in known else text
    return text


def _parse(text: str) -> tuple[Any, str]:
    """Return the value of a line, and why it has none."""
    try:
        return from_json(text), ""
    except ValueError as error:
        return None, f"not JSON: {error}"

"""The rows of a file in chunks, as sources read them and as writers write them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

Columns = Mapping[str, Sequence[Any]]
Keep = Literal["others", "all", "none"]

ABSENT: Any = object()  # stands for a field that a row of JSON does not have
ROW = "row"  # the first column of the output: the row's number
FILE = "file"  # the second one, if the rows are of several files
INPUT = "input_"  # the prefix of a column of the input whose name the output needs


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a file: the rows whose number modulo `count` is `index`."""

    index: int = 0
    count: int = 1

    def first(self, number: int) -> int:
        """Return how many rows from `number` on the shard's next row is."""
        return (self.index - number) % self.count


class Chunk(NamedTuple):
    """Some rows of a file.

    `numbers` are the rows' numbers in the file, from 0, and `lines` returns the lines on which
    they begin, from 1. The model's fields are either the `columns` of a CSV file, as text, or the
    `records` of another file. `kept` are the columns that the output repeats. `problems` are of
    rows that cannot be parsed, by their position in the chunk. `file` names one of several files.
    """

    numbers: Sequence[int]
    columns: Columns | None
    records: Sequence[Any]
    kept: Columns
    problems: Mapping[int, str]
    lines: Callable[[], Sequence[int]] | None = None
    file: str = ""

    def rows(self) -> Sequence[Any]:
        """Return the model's fields of each row."""
        if self.columns is None:
            return self.records
        if not self.columns:
            return [{} for _ in self.numbers]
        names = list(self.columns)
        return [
            dict(zip(names, cells, strict=True))
            for cells in zip(*self.columns.values(), strict=True)
        ]


class AnsweredRows(NamedTuple):
    """The answered rows of a chunk: `answers` are JSON objects, `further` are added to them.

    A value of `further` may be ABSENT. `file` names one of several files.
    """

    numbers: Sequence[int]
    kept: Columns
    answers: Sequence[str]
    further: Columns
    file: str = ""


class Source(Protocol):
    """A file of rows.

    `kept` are the columns that the output repeats, as far as they are known at the start; `absent`
    are the model's fields that no row has.
    """

    kept: Sequence[str]
    absent: Sequence[str]

    def chunks(self, size: int, shard: Shard) -> Iterator[Chunk]:
        """Yield the rows of a shard, from at most `size` rows of the file at once."""

    def progress(self) -> float | None:
        """Return the share of the file that was read; None if its size is unknown."""

    def types(self) -> Mapping[str, Any]:
        """Return the types of the kept columns by their names, as pyarrow has them."""


def select(columns: Columns, positions: Sequence[int], rows: int) -> Columns:
    """Return some of the `rows` rows of columns."""
    if len(positions) == rows:
        return columns
    return {name: [values[i] for i in positions] for name, values in columns.items()}


def free_names(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return names for columns of the input that no column of the answer has.

    A name that is taken gets the prefix `input_`.
    """
    used = set(taken)
    free = []
    for name in names:
        while name in used:
            name = f"{INPUT}{name}"
        used.add(name)
        free.append(name)
    return free

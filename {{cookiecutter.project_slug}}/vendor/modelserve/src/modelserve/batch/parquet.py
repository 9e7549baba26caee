"""Read and write Parquet, which needs pyarrow."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import IO, Any

from ..errors import MalformedError
from ..file_formats import is_unnamed_index
from ..manifest import Manifest
from .column_types import (
    LONGEST,
    Types,
    as_text,
    convert,
    describe,
    infer_types,
    is_unknown,
    load_pyarrow,
    settle,
    unify,
)
from .header import check_header
from .json_source import RecordSplitter
from .streams import InputStream
from .tables import ABSENT, ROW, AnsweredRows, Chunk, Columns, Keep, Shard
from .writers import TableLayout


class BlockReader:
    """Reads the rows of tables that all have the same columns.

    Args:
        names: of the columns.
        manifest: of the model.
        keep: which columns the output repeats.

    Raises:
        ConfigurationError: pyarrow is not installed.
        MalformedError: a field that may not be missing has no column.
    """

    def __init__(self, names: Sequence[str], manifest: Manifest, *, keep: Keep) -> None:
        """Compare the columns with the fields."""
        self._arrow = load_pyarrow()
        self._splitter = RecordSplitter(manifest, keep=keep)
        self.absent: Sequence[str] = check_header(names, manifest)
        fields = {each.name for each in manifest.features}
        self._names = [name for name in names if name in fields or not is_unnamed_index(name)]
        _, kept = self._splitter.split([dict.fromkeys(self._names)])
        self.kept: Sequence[str] = list(kept)
        self._fields = fields

    def chunk(self, block: Any, numbers: range) -> Chunk:
        """Return the rows of a table or a record batch, which have these numbers."""
        columns = [block.column(name) for name in self._names]
        values = [column.to_pylist() for column in columns]
        records = [dict(zip(self._names, each, strict=True)) for each in zip(*values, strict=True)]
        rows, kept = self._splitter.split(records)
        for name, column in zip(self._names, columns, strict=True):
            if name in self._fields and self._arrow.types.is_decimal(column.type):
                _read_decimals(rows, name)
        return Chunk(numbers, None, rows, kept, {})


def _read_decimals(rows: Sequence[dict[str, Any]], name: str) -> None:
    """Change the decimals of a field to numbers."""
    for row in rows:
        if isinstance(row[name], Decimal):
            row[name] = float(row[name])


class ParquetSource:
    """A Parquet file.

    Args:
        stream: of the file.
        manifest: of the model.
        keep: which columns the output repeats.

    Raises:
        ConfigurationError: pyarrow is not installed.
        MalformedError: the file is no Parquet file.
    """

    def __init__(self, stream: InputStream, manifest: Manifest, *, keep: Keep) -> None:
        """Read the schema."""
        self._arrow = load_pyarrow()
        try:
            self._file = self._arrow.parquet.ParquetFile(stream.binary)
        except self._arrow.ArrowInvalid as error:
            raise MalformedError(f"it is no Parquet file: {error}") from error
        schema = self._schema = self._file.schema_arrow
        self._ranges = _find_ranges(schema)
        self._blocks = BlockReader([*schema.names, *self._ranges], manifest, keep=keep)
        self.absent, self.kept = self._blocks.absent, self._blocks.kept
        self._read = 0

    def progress(self) -> float | None:
        """Return the share of the rows that was read."""
        rows = self._file.metadata.num_rows
        return self._read / rows if rows else None

    def types(self) -> Types:
        """Return the types of the kept columns, by their names."""
        types = {each.name: each.type for each in self._schema if each.name in self.kept}
        is_dictionary = self._arrow.types.is_dictionary
        ranges = {name: self._arrow.int64() for name in self._ranges if name in self.kept}
        return ranges | {
            name: type_.value_type if is_dictionary(type_) else type_
            for name, type_ in types.items()
        }

    def chunks(self, size: int, shard: Shard) -> Iterator[Chunk]:
        """Yield the rows of a shard, from at most `size` rows of the file at once."""
        number = 0
        for block in self._file.iter_batches(batch_size=size):
            first = shard.first(number)
            numbers = range(number + first, number + len(block), shard.count)
            number += len(block)
            self._read = number
            if numbers:
                rows = range(first, len(block), shard.count)
                block = block.take(self._arrow.array(rows))
                for name, steps in self._ranges.items():
                    values = self._arrow.array([steps[i] for i in numbers])
                    block = block.append_column(name, values)
                yield self._blocks.chunk(block, numbers)


def _find_ranges(schema: Any) -> dict[str, range]:
    """Return the index of pandas that has a name and is no column: whole numbers in steps."""
    described = (schema.pandas_metadata or {}).get("index_columns", ())
    return {
        each["name"]: range(each["start"], each["stop"], each["step"])
        for each in described
        if isinstance(each, dict) and each["name"] not in (None, *schema.names)
    }


class ParquetWriter:
    """Writes a Parquet file, whose columns keep their types from the first row to the last.

    A column whose type is not known when the file begins holds texts, as one of CSV does.

    Args:
        stream: of the file.
        layout: of its columns.
        kept: the types of the columns that are kept, by their names in the input.
        answers: the types of the answers' columns, as far as they are known.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """

    def __init__(
        self, stream: IO[bytes], layout: TableLayout, *, kept: Types, answers: Types
    ) -> None:
        """Write nothing yet: the first answers name the columns."""
        self._arrow = load_pyarrow()
        self._stream, self._layout = stream, layout
        self._kept, self._answers = kept, answers
        self._types: Types = {}
        self._writer: Any = None

    def write(self, rows: AnsweredRows) -> None:
        """Write a group of rows.

        Raises:
            MalformedError: a column's type does not hold a value as it is.
        """
        arranged = self._layout.arrange(rows)
        columns = {
            name: [None if value is ABSENT else value for value in column]
            for name, column in zip(self._layout.names, arranged, strict=True)
        }
        self._open(columns)
        arrays = []
        for name, values in columns.items():
            type_ = settle(self._types[name])
            if is_unknown(self._types[name]):
                values = [*map(as_text, values)]
            array = convert(values, type_)
            if array is None:
                raise _misfit(name, values, type_, rows)
            arrays.append(array)
        self._writer.write_table(self._arrow.table(arrays, [*columns]))

    def close(self) -> None:
        """Complete the file."""
        self._open(dict.fromkeys(self._layout.names, ()))
        self._writer.close()

    def abandon(self) -> None:
        """Close the file while its stream is open: pyarrow would do so later, and fail."""
        if self._writer is not None:
            with suppress(Exception):
                self._writer.close()

    def _open(self, columns: Columns) -> None:
        """Begin the file, unless it has begun.

        Args:
            columns: of the first rows, which give types to what `postprocess` adds.
        """
        if self._writer is not None:
            return
        types = {**infer_types(columns), ROW: self._arrow.int64()}
        for name, known in self._answers.items():
            if name in types:
                unified = unify(known, types[name])
                types[name] = types[name] if unified is None else unified
        kept = zip(self._layout.names[1:], self._layout.kept, strict=False)
        self._types = types | {name: self._kept[own] for name, own in kept}
        schema = self._arrow.schema([(name, settle(self._types[name])) for name in columns])
        self._writer = self._arrow.parquet.ParquetWriter(self._stream, schema)


def _misfit(name: str, values: Sequence[Any], type_: Any, rows: AnsweredRows) -> MalformedError:
    """Return the error of a column with a value that its type does not hold as it is."""
    misfits = (i for i, value in enumerate(values) if convert([value], type_) is None)
    place = next(misfits, 0)
    where = f"row {rows.numbers[place]}" + (f" of {rows.file}" if rows.file else "")
    return MalformedError(
        f"the column {name[:LONGEST]!r} holds values of several types: {type_}, and in {where} "
        f"{describe(values[place])}; write a .jsonl or .csv file."
    )

"""Read and write Parquet, which needs pyarrow."""

# pylint: disable=import-outside-toplevel
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

from ..errors import ConfigurationError, MalformedError
from ..file_formats import is_unnamed_index
from ..manifest import Manifest
from .header import check_header
from .json_source import RecordSplitter
from .streams import InputStream
from .tables import ABSENT, AnsweredRows, Chunk, Keep, Shard
from .writers import TableLayout


def load_pyarrow() -> Any:
    """Return pyarrow.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed, which Parquet needs; in pyproject.toml, add parquet "
            "to the brackets behind modelserve, or use a .csv or .jsonl file."
        ) from error
    return pyarrow


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
        texts = {each.name for each in manifest.features if each.dtype in ("category", "text")}
        self._texts = texts.intersection(names)

    def chunk(self, block: Any, numbers: range) -> Chunk:
        """Return the rows of a table or a record batch, which have these numbers."""
        columns = [self._values(block, name) for name in self._names]
        records = [
            dict(zip(self._names, values, strict=True)) for values in zip(*columns, strict=True)
        ]
        rows, kept = self._splitter.split(records)
        return Chunk(numbers, None, rows, kept, {})

    def _values(self, block: Any, name: str) -> list[Any]:
        """Return a column; numbers that stand for categories become text."""
        column = block.column(name)
        types = self._arrow.types
        if types.is_decimal(column.type):
            column = column.cast(self._arrow.float64())
        elif name in self._texts and types.is_integer(column.type):
            column = column.cast(self._arrow.string())
        values: list[Any] = column.to_pylist()
        return values


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
        schema = self._file.schema_arrow
        self._ranges = _find_ranges(schema)
        self._blocks = BlockReader([*schema.names, *self._ranges], manifest, keep=keep)
        self.absent, self.kept = self._blocks.absent, self._blocks.kept
        self._read = 0

    def progress(self) -> float | None:
        """Return the share of the rows that was read."""
        rows = self._file.metadata.num_rows
        return self._read / rows if rows else None

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
    """Writes a Parquet file.

    Args:
        stream: of the file.
        layout: of its columns.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """

    def __init__(self, stream: IO[bytes], layout: TableLayout) -> None:
        """Write nothing yet: the first answers give the columns their types."""
        self._arrow = load_pyarrow()
        self._stream, self._layout = stream, layout
        self._schema: Any = None
        self._writer: Any = None

    def write(self, rows: AnsweredRows) -> None:
        """Write a group of rows.

        Raises:
            MalformedError: a value of a column is of another type than those before.
        """
        columns = [
            [None if value is ABSENT else value for value in column]
            for column in self._layout.arrange(rows)
        ]
        names = self._layout.names
        try:
            table = self._arrow.table(dict(zip(names, columns, strict=True)), self._schema)
        except (self._arrow.ArrowInvalid, self._arrow.ArrowTypeError) as error:
            raise MalformedError(
                f"a column holds values of several types ({error}); write a .jsonl or .csv file."
            ) from error
        self._open(table.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        """Complete the file."""
        names = self._layout.names
        self._open(self._arrow.schema([(name, self._arrow.string()) for name in names]))
        self._writer.close()

    def abandon(self) -> None:
        """Close the file while its stream is open: pyarrow would do so later, and fail."""
        if self._writer is not None:
            with suppress(Exception):
                self._writer.close()

    def _open(self, schema: Any) -> None:
        if self._writer is None:
            self._schema = schema
            self._writer = self._arrow.parquet.ParquetWriter(self._stream, schema)

"""Rows as Parquet, which needs pyarrow."""

# pylint: disable=import-outside-toplevel
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import CollectionError
from ..manifest import Dtype

GROUP_ROWS = 2**17  # in a group of the file


class ArrowPart:
    """Writes rows to a stream of Arrow.

    Args:
        writer: pyarrow's.
        schema: of the columns.
    """

    def __init__(self, writer: Any, schema: Any) -> None:
        """Write nothing yet."""
        self._arrow, self._writer, self._schema = load_pyarrow(), writer, schema

    def write(self, columns: Sequence[list[Any]]) -> None:
        """Write columns of the same length."""
        arrays = [
            self._arrow.array(values, field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.record_batch(arrays, schema=self._schema))


class ParquetRows:
    """Parquet, in groups of many rows.

    Args:
        columns: names and types.

    Raises:
        CollectionError: pyarrow is not installed.
    """

    def __init__(self, columns: Sequence[tuple[str, Dtype]]) -> None:
        """Note the columns."""
        load_pyarrow()
        self._columns = tuple(columns)

    @contextmanager
    def open_part(self, stream: IO[bytes]) -> Iterator[ArrowPart]:
        """Yield what writes rows to a part."""
        schema = self._schema()
        with load_pyarrow().ipc.new_stream(stream, schema) as writer:
            yield ArrowPart(writer, schema)

    def join(self, parts: Sequence[Path], stream: IO[bytes]) -> None:
        """Write the file of all parts.

        Raises:
            OSError: a part cannot be read, or the file cannot be written.
        """
        arrow, schema = load_pyarrow(), self._schema()
        waiting: list[Any] = []
        count = 0
        with arrow.parquet.ParquetWriter(stream, schema) as writer:
            for batch in _batches(arrow, parts):
                waiting.append(batch)
                count += len(batch)
                while count >= GROUP_ROWS:
                    table = arrow.Table.from_batches(waiting, schema)
                    writer.write_table(table.slice(0, GROUP_ROWS).combine_chunks())
                    waiting = table.slice(GROUP_ROWS).to_batches()
                    count -= GROUP_ROWS
            if count:
                writer.write_table(arrow.Table.from_batches(waiting, schema).combine_chunks())

    def _schema(self) -> Any:
        arrow = load_pyarrow()
        types = {
            "number": arrow.float64(),
            "integer": arrow.int64(),
            "boolean": arrow.bool_(),
            "category": arrow.string(),
            "text": arrow.large_string(),
        }
        return arrow.schema([(name, types[dtype]) for name, dtype in self._columns])


def _batches(arrow: Any, parts: Sequence[Path]) -> Iterator[Any]:
    for part in parts:
        with part.open("rb") as stream:
            yield from arrow.ipc.open_stream(stream)


def load_pyarrow() -> Any:
    """Return pyarrow.

    Raises:
        CollectionError: it is not installed.
    """
    try:
        import pyarrow.ipc
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise CollectionError(
            f"{error.name} is not installed, which Parquet needs; in pyproject.toml, add parquet "
            "to those in the brackets behind modelserve in `training`, then run `uvx nox -s lock` "
            "and `uvx nox -s dev`; or write a .csv or .jsonl file."
        ) from error
    return pyarrow

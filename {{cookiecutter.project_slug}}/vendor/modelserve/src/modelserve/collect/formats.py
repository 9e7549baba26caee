"""The formats of collected rows, by the suffix of their file."""

# Each process writes a part: text in UTF-8, or a stream of Arrow. The file is made of all parts, so
# that its bytes do not depend on the number of processes.

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

from ..errors import CollectionError
from ..file_formats import SUFFIXES
from ..manifest import Dialect, Dtype
from .parquet_rows import ParquetRows
from .text_rows import CsvRows, JsonLinesRows

GZIP, TABS = ".gz", ".tsv"


class PartWriter(Protocol):
    """Writes rows."""

    def write(self, columns: Sequence[list[Any]]) -> None:
        """Write columns of the same length."""


class RowFormat(Protocol):
    """A format of rows."""

    def open_part(self, stream: IO[bytes]) -> AbstractContextManager[PartWriter]:
        """Return what writes rows to a part, until its end."""

    def join(self, parts: Sequence[Path], stream: IO[bytes]) -> None:
        """Write the file of all parts.

        Raises:
            CollectionError: it cannot be written in this format.
            OSError: a part cannot be read, or the file cannot be written.
        """


def make_format(path: Path, columns: Sequence[tuple[str, Dtype]], dialect: Dialect) -> RowFormat:
    """Return the format that the name of a file stands for.

    Args:
        path: of the file.
        columns: names and types.
        dialect: in which the training data are written.

    Raises:
        CollectionError: the suffix names no format, or pyarrow is not installed.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compressed = suffixes[-1:] == [GZIP]
    last = (suffixes[:-1] if compressed else suffixes)[-1:]
    match SUFFIXES.get(last[0]) if last else None:
        case "csv":
            separator = "\t" if last == [TABS] else dialect.separator
            written = dialect.model_copy(update={"separator": separator})
            return CsvRows(columns, written, compressed=compressed)
        case "jsonl":
            return JsonLinesRows(columns, dialect.encoding, compressed=compressed)
        case "parquet" if not compressed:
            return ParquetRows(columns)
    raise CollectionError(
        f"{path.name} names no format that rows are written in; end it in .parquet, .csv or "
        ".jsonl, the latter two also with .gz."
    )

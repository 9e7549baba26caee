"""Rows as CSV and as JSON Lines."""

import csv
import gzip
import io
import shutil
from codecs import getincrementalencoder, lookup
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from pydantic_core import to_json

from ..errors import CollectionError
from ..manifest import Dialect, Dtype

LEVEL = 6  # of compression; the highest takes several times as long for little
PIECE_BYTES = 2**18
TEXTS = ("category", "text")


class CsvPart:
    """Writes rows of CSV.

    Args:
        stream: of text.
        dialect: separator and decimal sign.
        dtypes: of the columns.
    """

    def __init__(self, stream: IO[str], dialect: Dialect, dtypes: Sequence[Dtype]) -> None:
        """Write nothing yet."""
        self._dtypes, self._decimal = dtypes, dialect.decimal
        self._plain, self._quoting = (
            csv.writer(stream, delimiter=dialect.separator[0], lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )

    def write(self, columns: Sequence[list[Any]]) -> None:
        """Write columns of the same length."""
        pairs = [*zip(columns, self._dtypes, strict=True)]
        # A value with a line end is quoted, unless it is another one than that of the file.
        other_ends = any(
            dtype in TEXTS and any(text and "\r" in text for text in column)
            for column, dtype in pairs
        )
        writer = self._quoting if other_ends else self._plain
        writer.writerows(zip(*(self._cells(*pair) for pair in pairs), strict=True))

    def _cells(self, column: list[Any], dtype: Dtype) -> list[Any]:
        if dtype == "boolean":
            return ["" if value is None else str(value).lower() for value in column]
        if dtype == "number" and self._decimal != ".":
            return [
                "" if value is None else repr(value).replace(".", self._decimal) for value in column
            ]
        return column


class CsvRows:
    """CSV as the training data are written.

    Args:
        columns: names and types.
        dialect: separator, decimal sign and encoding.
        compressed: by gzip.
    """

    def __init__(
        self, columns: Sequence[tuple[str, Dtype]], dialect: Dialect, *, compressed: bool
    ) -> None:
        """Note the columns."""
        self._columns, self._dialect, self._compressed = tuple(columns), dialect, compressed

    @contextmanager
    def open_part(self, stream: IO[bytes]) -> Iterator[CsvPart]:
        """Yield what writes rows to a part."""
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        yield CsvPart(text, self._dialect, [dtype for _, dtype in self._columns])
        text.detach()

    def join(self, parts: Sequence[Path], stream: IO[bytes]) -> None:
        """Write the header and the rows of all parts.

        Raises:
            CollectionError: the encoding has no sign for a character.
            OSError: a part cannot be read, or the file cannot be written.
        """
        header = io.StringIO(newline="")
        CsvPart(header, self._dialect, ["text"] * len(self._columns)).write(
            [[name] for name, _ in self._columns]
        )
        _join(header.getvalue(), parts, stream, self._dialect.encoding, compressed=self._compressed)


class JsonLinesPart:
    """Writes a JSON object for each row.

    Args:
        stream: of the part.
        names: of the columns.
    """

    def __init__(self, stream: IO[bytes], names: Sequence[str]) -> None:
        """Write nothing yet."""
        self._stream, self._names = stream, names

    def write(self, columns: Sequence[list[Any]]) -> None:
        """Write columns of the same length."""
        rows = (dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True))
        self._stream.write(b"".join(to_json(row) + b"\n" for row in rows))


class JsonLinesRows:
    """JSON Lines in the encoding of the training data.

    Args:
        columns: names and types.
        encoding: of the file.
        compressed: by gzip.
    """

    def __init__(
        self, columns: Sequence[tuple[str, Dtype]], encoding: str, *, compressed: bool
    ) -> None:
        """Note the names."""
        self._names = [name for name, _ in columns]
        self._encoding, self._compressed = encoding, compressed

    @contextmanager
    def open_part(self, stream: IO[bytes]) -> Iterator[JsonLinesPart]:
        """Yield what writes rows to a part."""
        yield JsonLinesPart(stream, self._names)

    def join(self, parts: Sequence[Path], stream: IO[bytes]) -> None:
        """Write the rows of all parts.

        Raises:
            CollectionError: the encoding has no sign for a character.
            OSError: a part cannot be read, or the file cannot be written.
        """
        _join("", parts, stream, self._encoding, compressed=self._compressed)


def _join(
    header: str, parts: Sequence[Path], stream: IO[bytes], encoding: str, *, compressed: bool
) -> None:
    if not compressed:
        _write(header, parts, stream, encoding)
        return
    with gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as archive:
        _write(header, parts, cast(IO[bytes], archive), encoding)


def _write(header: str, parts: Sequence[Path], stream: IO[bytes], encoding: str) -> None:
    """Write a header and the text of all parts in an encoding."""
    if lookup(encoding).name == "utf-8":
        stream.write(header.encode())
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, stream, PIECE_BYTES)
        return
    encoder = getincrementalencoder(encoding)()
    try:
        stream.write(encoder.encode(header))
        for part in parts:
            with part.open(encoding="utf-8", newline="") as text:
                while piece := text.read(PIECE_BYTES):
                    stream.write(encoder.encode(piece))
    except UnicodeEncodeError as error:
        sign = error.object[error.start : error.start + 1]
        raise CollectionError(
            f"{encoding}, in which the training data are written, has no sign for {sign!r}; "
            "write a .parquet file instead."
        ) from error

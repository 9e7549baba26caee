"""Rows as CSV and as JSON Lines."""

import csv
import gzip
import io
import json
import shutil
from codecs import getincrementalencoder, lookup, register_error
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
ESCAPES = "modelserve.json-escapes"  # the handler of characters that an encoding lacks


class CsvPart:
    """Writes rows of CSV.

    Args:
        stream: of text.
        dialect: separator and decimal sign.
        dtypes: of the columns.
    """

    def __init__(self, stream: IO[str], dialect: Dialect, dtypes: Sequence[Dtype]) -> None:
        """Write nothing yet."""
        self._stream, self._dtypes = stream, dtypes
        self._separator, self._decimal = dialect.separator[0], dialect.decimal
        self._minimal, self._quoting = (
            csv.writer(stream, delimiter=self._separator, lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )

    def write(self, columns: Sequence[list[Any]]) -> None:
        """Write columns of the same length."""
        cells = [self._spell(*pair) for pair in zip(columns, self._dtypes, strict=True)]
        text = "\n".join(map(self._separator.join, zip(*cells, strict=True)))
        if self._needs_no_quotes(text, len(columns[0])):
            self._stream.write(f"{text}\n")
            return
        # A value with a line end is quoted, unless it is another one than that of the file.
        writer = self._quoting if "\r" in text else self._minimal
        writer.writerows(zip(*cells, strict=True))

    def _needs_no_quotes(self, text: str, rows: int) -> bool:
        """Return whether joined cells are CSV: a lone empty cell, for one, would be quoted."""
        separators = (len(self._dtypes) - 1) * rows
        ends = text.count("\n") == rows - 1 and "\r" not in text
        return ends and text.count(self._separator) == separators > 0 and '"' not in text

    def _spell(self, column: list[Any], dtype: Dtype) -> list[str]:
        if dtype in TEXTS:
            return ["" if text is None else text for text in column] if None in column else column
        cells = _spell_plainly(column, dtype)
        if self._decimal == ".":
            return cells
        return [cell.replace(".", self._decimal) for cell in cells]


def _spell_plainly(column: list[Any], dtype: Dtype) -> list[str]:
    """Return numbers as `repr` spells them, booleans in lower case, and "" for None."""
    text = to_json(column)[1:-1].decode()  # in a fifth of the time of `repr`
    if dtype != "boolean" and ("e" in text or "0.0000" in text):  # JSON spells exponents otherwise
        return ["" if value is None else repr(value) for value in column]
    return text.replace("null", "").split(",")


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
        encoding = self._dialect.encoding
        try:
            _join(header.getvalue(), parts, stream, encoding, compressed=self._compressed)
        except UnicodeEncodeError as error:
            sign = error.object[error.start : error.start + 1]
            raise CollectionError(
                f"{encoding}, in which the training data are written, has no sign for {sign!r}; "
                "write a .jsonl or .parquet file instead."
            ) from error


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
        """Write the rows of all parts; a character that the encoding lacks becomes its escape.

        Raises:
            OSError: a part cannot be read, or the file cannot be written.
        """
        register_error(ESCAPES, _escape)
        _join("", parts, stream, self._encoding, compressed=self._compressed, errors=ESCAPES)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return what JSON writes for characters that an encoding lacks, and the place after them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _join(
    header: str,
    parts: Sequence[Path],
    stream: IO[bytes],
    encoding: str,
    *,
    compressed: bool,
    errors: str = "strict",
) -> None:
    """Write a header and the text of all parts in an encoding.

    Raises:
        UnicodeEncodeError: the encoding lacks a character, and `errors` names no handler for it.
        OSError: a part cannot be read, or the file cannot be written.
    """
    if not compressed:
        _write(header, parts, stream, encoding, errors)
        return
    with gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as archive:
        _write(header, parts, cast(IO[bytes], archive), encoding, errors)


def _write(
    header: str, parts: Sequence[Path], stream: IO[bytes], encoding: str, errors: str
) -> None:
    if lookup(encoding).name == "utf-8":
        stream.write(header.encode())
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, stream, PIECE_BYTES)
        return
    encoder = getincrementalencoder(encoding)(errors)
    stream.write(encoder.encode(header))
    for part in parts:
        with part.open(encoding="utf-8", newline="") as text:
            while piece := text.read(PIECE_BYTES):
                stream.write(encoder.encode(piece))

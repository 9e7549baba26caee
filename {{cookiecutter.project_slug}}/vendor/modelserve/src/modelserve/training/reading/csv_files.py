"""Read CSV files by pandas' C parser, and what it would change without a word by their text."""

import io
import mmap
import re
from collections import ChainMap, Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from ...errors import DialectError, FieldError
from ...manifest import Dialect
from ...thousands import make_check
from .files import GZIP, read_bytes, unreadable
from .sniff import (
    DialectFault,
    find_dialect_faults,
    find_encoding_fault,
    find_other_format,
    split_rows,
)

HEAD_BYTES = 2**18
LEADING_ZERO = r"\s*[+-]?0\d"
TEXT = "string"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file, and how it is written."""

    path: Path
    dialect: Dialect

    def read(self, texts: Collection[str] | None, numbers: Collection[str]) -> pd.DataFrame:
        """Return the rows under the header's names.

        What has leading zeros, or the thousands separator elsewhere, stays text as it is written.

        Args:
            texts: the columns whose values stay as they are written; None for all of them.
            numbers: the columns whose leading zeros mean nothing.

        Raises:
            InvalidInputError: the file cannot be read, or is not of this dialect.
        """
        head = self._check()
        names = self._names(head)
        if texts is None:
            return self._parse(names, dtype=TEXT)
        frame = self._parse(names, dtype={i: TEXT for i, name in enumerate(names) if name in texts})
        numeric = [i for i in range(len(names)) if types.is_numeric_dtype(frame.dtypes.iloc[i])]
        zeros = {i for i in numeric if names[i] not in numbers}
        if zeros and not self._may_have_leading_zeros():
            zeros = set()
        if checked := numeric if self.dialect.thousands else sorted(zeros):
            written = self._parse(names, dtype=TEXT, usecols=checked)
            for place, i in enumerate(checked):
                column = written.iloc[:, place]
                if (i in zeros and column.str.match(LEADING_ZERO).any()) or self._misplaces(column):
                    frame.isetitem(i, column.array)
        return frame

    def _misplaces(self, column: pd.Series) -> bool:
        """Return whether a thousands separator of a column is followed by other than 3 digits."""
        sign = self.dialect.thousands
        if sign is None:
            return False
        texts = column[column.str.contains(sign, regex=False).fillna(value=False)]
        return any(map(make_check(sign, self.dialect.decimal), texts))

    def _check(self) -> bytes:
        """Return the first bytes, once they are of the dialect."""
        try:
            with self.path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError as error:
            raise unreadable(self.path, error) from error
        if head.startswith(GZIP):
            head = read_bytes(self.path)[:HEAD_BYTES]
        if other := find_other_format(head):
            raise self._dialect_error([other])
        if faults := find_dialect_faults(head, self.dialect):
            encoded = "encoding" in faults[0].changes
            if not encoded and (fault := self._encoding_fault()):
                faults.append(fault)
            raise self._dialect_error(faults)
        single_byte = not self.dialect.encoding.replace("_", "-").startswith("utf")
        if single_byte and (fault := self._encoding_fault()):
            raise self._dialect_error([fault])
        return head

    def _encoding_fault(self) -> DialectFault | None:
        return find_encoding_fault(read_bytes(self.path), self.dialect.encoding)

    def _dialect_error(self, faults: Sequence[DialectFault]) -> DialectError:
        errors = [FieldError(str(self.path), fault.problem) for fault in faults]
        changes = [fault.changes for fault in faults]
        return DialectError(errors, dict(ChainMap(*map(dict, changes))) if all(changes) else {})

    def names(self) -> list[str]:
        """Return the header's names."""
        return self._names(self._check())

    def _names(self, head: bytes) -> list[str]:
        """Return the header's names, of which pandas would change empty and repeated ones."""
        text = head.decode(self.dialect.encoding, errors="replace").removeprefix("\ufeff")
        return next(split_rows(text, self.dialect.separator), [])

    def _source(self) -> Path | io.BytesIO:
        with self.path.open("rb") as file:
            compressed = file.read(len(GZIP)) == GZIP
        return io.BytesIO(read_bytes(self.path)) if compressed else self.path

    def _parse(
        self,
        names: list[str],
        *,
        dtype: str | Mapping[int, str],
        usecols: list[int] | None = None,
        rows: int | None = None,
    ) -> pd.DataFrame:
        """Return the columns, or some of them, under the header's names."""
        dialect = self.dialect
        options: dict[str, Any] = {
            "sep": dialect.separator[0],
            "skipinitialspace": len(dialect.separator) > 1,
            "decimal": dialect.decimal,
            "thousands": dialect.thousands,
            "encoding": dialect.encoding,
            "keep_default_na": False,
            "na_values": list(dialect.missing),
            "dtype_backend": "numpy_nullable",
            "compression": None,
            "low_memory": False,  # else the type of a column is inferred from each part of it
        }
        try:
            frame: pd.DataFrame = pd.read_csv(
                self._source(), dtype=dtype, usecols=usecols, nrows=rows, **options
            )
        except UnicodeError as error:
            if fault := self._encoding_fault():
                unread = fault._replace(problem=f"cannot be read: {fault.problem}")
                raise self._dialect_error([unread]) from error
            raise unreadable(self.path, error) from error
        except (OSError, ValueError) as error:
            raise unreadable(self.path, _explain(error)) from error
        if not isinstance(frame.index, pd.RangeIndex):
            more = frame.index.nlevels + len(frame.columns)
            raise unreadable(
                self.path,
                f"the rows have {more} values, the header {len(frame.columns)} names; add a name "
                "to the header, or check separator and decimal under [data]",
            )
        if usecols is None and len(names) == len(frame.columns):
            frame.columns = pd.Index(names, dtype=object)
        return frame

    def _may_have_leading_zeros(self) -> bool:
        """Return whether a value may begin with 0 and a digit: the whole file is searched."""
        if self.dialect.encoding.replace("_", "-").startswith(("utf-16", "utf-32")):
            return True
        separator = self.dialect.separator[0].encode(self.dialect.encoding)
        content = self._view()
        return any(
            re.search(re.escape(before) + rb"0[0-9]", content)
            for before in (separator, b"\n", b'"')
        )

    def find_markers(self, markers: Collection[str]) -> list[str]:
        """Return those of some texts that are the whole value of a field, somewhere in the file."""
        encoding, content = self.dialect.encoding, self._view()
        if encoding.replace("_", "-").startswith(("utf-16", "utf-32")):
            encoding, content = "utf-8", bytes(content).decode(encoding).encode()
        separator = re.escape(self.dialect.separator[0].encode(encoding))
        end = rb"(?:[\r\n\"" + separator + rb"]|\Z)"
        return [
            marker
            for marker in markers
            if marker
            and any(
                re.search(before + re.escape(marker.encode(encoding)) + end, content)
                for before in (separator, rb"\n", rb"\"")
            )
        ]

    def count_texts(self, columns: Collection[str], texts: Collection[str]) -> pd.DataFrame:
        """Return how often each of some texts is in each of some columns."""
        plain = replace(self, dialect=self.dialect.model_copy(update={"missing": ("",)}))
        frame = plain.read_written(columns)
        return pd.DataFrame(
            {name: [int((frame[name] == text).sum()) for text in texts] for name in columns},
            index=list(texts),
        )

    def read_written(self, columns: Collection[str], rows: int | None = None) -> pd.DataFrame:
        """Return some columns as they are written, and their first rows only if so many are."""
        names = self.names()
        places = sorted(names.index(name) for name in columns)
        frame = self._parse(names, dtype=TEXT, usecols=places, rows=rows)
        return frame.set_axis([names[place] for place in places], axis="columns")

    def _view(self) -> bytes | mmap.mmap:
        """Return the whole content; a plain file is not copied into memory."""
        source = self._source()
        if isinstance(source, io.BytesIO):
            return source.getvalue()
        with source.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _explain(error: Exception) -> str:
    """Return the parser's error in the words of a table."""
    text = " ".join(str(error).split())
    if ragged := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text):
        expected, line, seen = ragged.groups()
        return f"line {line} has {seen} values, the header {expected} names"
    if unended := re.search(r"EOF inside string starting at row (\d+)", text):
        return f"row {unended[1]}: a value that begins with a quotation mark has no end"
    return text


def find_repeated_names(frame: pd.DataFrame, dropped: Collection[str]) -> list[FieldError]:
    """Return an error for each name that several columns have."""
    counts = Counter(map(str, frame.columns))
    return [
        FieldError(name or '""', f"{count} columns have this name; rename them in the file")
        for name, count in counts.items()
        if count > 1 and name not in dropped
    ]

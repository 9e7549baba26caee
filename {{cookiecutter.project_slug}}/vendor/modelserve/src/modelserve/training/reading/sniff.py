"""Say what is wrong with a CSV file whose dialect is not the one that it is read with."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ...manifest import Dialect
from .remedies import shorten

SEPARATORS = (";", "\t", ",", "|", " ")
SAMPLE_ROWS = 100
UNDEFINED_IN_CP1252 = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
CONSISTENT = (
    0.9  # share of rows that are as wide as the header, for a separator to be the right one
)

MAX_TITLE, MIN_ROWS = 5, 3  # lines above a header, and from it on, to be sure of one

PARQUET = b"PAR1"
COMPRESSED = "is compressed by {}; decompress it, or compress it by gzip"
MAGIC = {
    **{b"BZh%d1AY&SY" % level: COMPRESSED.format("bzip2") for level in range(1, 10)},
    b"\x28\xb5\x2f\xfd": COMPRESSED.format("zstd"),
    b"\xfd7zXZ\x00": COMPRESSED.format("xz"),
    b"PK\x03\x04": "is an Excel workbook or a ZIP archive; save the sheet as CSV",
    PARQUET: 'is a Parquet file; write format = "parquet" under [data]',
    b"%PDF": "is a PDF document; export its table as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV",
}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
NUMBER = re.compile(r"[+-]?[\d.,]+").fullmatch
SEPARATOR_LINE = re.compile(r"\"?sep=.?\"?[;,|\t]*", re.IGNORECASE).fullmatch
DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+").fullmatch


class DialectFault(NamedTuple):
    """Why a file is not of a dialect, and the keys of `[data]` that would read it, if known."""

    problem: str
    changes: Mapping[str, str] = MappingProxyType({})


def find_dialect_faults(head: bytes, dialect: Dialect) -> list[DialectFault]:
    """Return why the first bytes of a text file are not CSV of a dialect, each with the way out.

    Args:
        head: some of the file, from its beginning.
        dialect: the one that it is to be read with.
    """
    unicode = dialect.encoding.replace("_", "-").startswith(("utf-16", "utf-32"))
    if not unicode and (encoding := _wide_encoding(head)):
        written = head.decode(encoding, errors="replace")
        wrong = f'is encoded in {encoding.upper()}; write encoding = "{encoding}" under [data]'
        fault = DialectFault(wrong, {"encoding": encoding})
        return [fault, *find_separator_faults(written, dialect)]
    text = head.decode(dialect.encoding, errors="replace").removeprefix("\ufeff")
    start = text.lstrip()[:1]
    if start == "{":
        wrong = 'holds JSON objects; write format = "jsonl" under [data]'
        if dialect.format:
            wrong += ", or no format if others are CSV: then each suffix names its own"
        return [DialectFault(wrong, {"format": "jsonl"})]
    if start == "<":
        return [DialectFault("is a web page or XML, not CSV; export its table as CSV")]
    return find_separator_faults(text, dialect)


def find_other_format(head: bytes) -> DialectFault | None:
    """Return of which format the first bytes of a file are, if they are no text."""
    for magic, what in MAGIC.items():
        if head.startswith(magic):
            return DialectFault(what, {"format": "parquet"} if magic == PARQUET else {})
    return None


def _wide_encoding(head: bytes) -> str:
    """Return the encoding of two bytes a character that a file has; empty for another one."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = head[:1_000]
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if len(zeros) > 1 and zeros.count(0) > len(zeros) / 2:
            return encoding
    return ""


def find_separator_faults(text: str, dialect: Dialect) -> list[DialectFault]:
    """Return what is wrong with the separator: another splits the header and the rows alike."""
    first, _, rest = text.partition("\n")
    if SEPARATOR_LINE(first.strip()):
        problem = f"the first line is {shorten(first.strip())}, which only spreadsheets read"
        return [DialectFault(f"{problem}; delete it"), *find_separator_faults(rest, dialect)]
    rows = list(split_rows(text, dialect.separator))
    if not rows:
        return []
    if padded := _find_title(text, dialect, padded=True):
        return padded
    if _is_consistent(rows):
        return _find_spaces(rows, dialect)
    for separator in SEPARATORS:
        if separator == dialect.separator:
            continue
        other = list(split_rows(text, separator))
        if not _is_consistent(other) or (separator == " " and len(other) < len(SEPARATORS)):
            continue
        shown = separator.replace("\t", "\\t")
        header = f"the header is one column, {shorten(text.splitlines()[0])}"
        if len(rows[0]) > 1:
            header = f"the rows have other numbers of values than the header, {len(rows[0])}"
        comma = separator != "," and any(
            DECIMAL_COMMA(value.strip()) for row in other[1:] for value in row
        )
        changes, decimal = {"separator": separator}, ""
        if comma and dialect.decimal != ",":
            changes["decimal"], decimal = ",", ' and decimal = ","'
        problem = f'{header}; write separator = "{shown}"{decimal} under [data]'
        return [DialectFault(problem, changes)]
    return _find_title(text, dialect)


def _find_title(text: str, dialect: Dialect, *, padded: bool = False) -> list[DialectFault]:
    """Return that the first lines are a title or a comment: the header comes after them.

    Those that are `padded` have as many separators as the header, as a spreadsheet writes them.
    """
    separators = dict.fromkeys((dialect.separator, *SEPARATORS))
    tables = [list(split_rows(text, separator)) for separator in separators]
    for count in range(1, MAX_TITLE + 1):
        for table in tables:
            titles, rows = table[:count], table[count:]
            if len(rows) < MIN_ROWS or (padded and not _are_padded(titles, rows)):
                continue
            if _is_header(rows[0], titles) and _is_consistent(rows):
                lines = "line is" if count == 1 else f"{count} lines are"
                shown = shorten(text.lstrip().splitlines()[0])
                problem = (
                    f"the first {lines} not the header, which has {len(rows[0])} names: {shown}; "
                    "remove what is above the header"
                )
                return [DialectFault(problem)]
    return []


def _are_padded(titles: list[list[str]], rows: list[list[str]]) -> bool:
    """Return whether lines have as many values as those below, whose first is none of data."""
    names = rows[0]
    return all(len(row) == len(names) for row in titles) and not any(
        name == value for row in rows[1:] for name, value in zip(names, row, strict=False)
    )


def _is_header(names: list[str], titles: list[list[str]]) -> bool:
    """Return whether values may be names of columns, below lines that have fewer values."""
    plain = [name.strip() for name in names]
    fewer = all(_is_above(row, len(names)) for row in titles)
    return fewer and all(plain) and len(set(plain)) == len(plain) and not any(map(NUMBER, plain))


def _is_above(row: list[str], width: int) -> bool:
    """Return whether a line has fewer values than a header of a width, without empty ones behind.

    One less may be that of row names, which have no name.
    """
    count = len(row)
    while count and not row[count - 1].strip():
        count -= 1
    is_sure = row[0].startswith("#") or width == 2
    return count < width - (not is_sure)


def _find_spaces(rows: list[list[str]], dialect: Dialect) -> list[DialectFault]:
    """Return that each value but the first begins with a space, which would become part of it."""
    separator = dialect.separator
    values = [value for row in rows for value in row[1:]]
    if len(separator) > 1 or separator == " " or not values:
        return []
    if not all(value.startswith(" ") for value in values if value):
        return []
    problem = f'a space follows each "{separator}"; write separator = "{separator} " under [data]'
    return [DialectFault(problem, {"separator": f"{separator} "})]


def split_rows(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the first rows of a text, split by a separator; the last may be cut off."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator[0], skipinitialspace=len(separator) > 1)
    try:
        for row in reader:
            if row:
                yield row
            if reader.line_num >= SAMPLE_ROWS:
                return
    except csv.Error:  # a NUL, or a field without an end
        return


def _is_consistent(rows: list[list[str]]) -> bool:
    """Return whether nearly all rows are as wide as the header, and that is not one column."""
    width = len(rows[0]) if rows else 0
    same = sum(len(row) == width for row in rows)
    return width > 1 and same >= CONSISTENT * len(rows) - 1


def find_encoding_fault(content: bytes, encoding: str) -> DialectFault | None:
    """Return which byte of a file is not of an encoding; None if all are."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        return _describe_byte(content, error.start, encoding)
    except UnicodeError as error:
        return DialectFault(f"is not {encoding.upper()}: {error}")
    single_byte = len(text) == len(content) and not content.isascii()
    if single_byte and _is_utf8(content):
        problem = f'is UTF-8; remove encoding = "{encoding}" under [data]'
        return DialectFault(problem, {"encoding": "utf-8"})
    return None


def _describe_byte(content: bytes, place: int, encoding: str) -> DialectFault:
    line = content.count(b"\n", 0, place) + 1
    fault = f"byte 0x{content[place]:02x} in line {line} is not {encoding.upper()}"
    if not encoding.replace("_", "-").startswith(("utf-8", "ascii")):
        return DialectFault(fault)
    other = "latin-1" if any(byte in content for byte in UNDEFINED_IN_CP1252) else "cp1252"
    way_out = f'if the file is from Windows or Excel, write encoding = "{other}" under [data]'
    return DialectFault(f"{fault}; {way_out}", {"encoding": other})


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

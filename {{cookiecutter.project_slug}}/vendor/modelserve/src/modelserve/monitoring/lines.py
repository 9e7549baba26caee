"""Reads JSON Lines files of any size in blocks; a line that is not JSON is counted and skipped."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from msgspec.json import Decoder
from numpy.typing import NDArray
from pydantic_core import from_json

from ..errors import MonitoringError
from .gzip_stream import MAGIC, GzipStream
from .results.captures import LineError

BLOCK_BYTES = 2**18  # read at once: small enough to stay in the processor's cache
LONGEST_BYTES = 2**26  # of a line; a longer one is cut off, and so is not JSON
CUT = b"\0"  # never valid in JSON
KEPT_ERRORS = 5  # lines that are reported
BOM = b"\xef\xbb\xbf"
GONE = "cannot be read: the file was removed, or is a link to nothing"
NEWLINE, BRACE = b"\n{"
# What these raise means only that a text is not plain JSON of the form: `from_json` knows NaN, too.
UNREADABLE = (ValueError, RecursionError)
ANY: Decoder[Any] = Decoder()
ANY_LIST: Decoder[list[Any]] = Decoder(list[Any])


class Readable(Protocol):
    """A file that is read in blocks."""

    def read(self, size: int, /) -> bytes:
        """Return some bytes, none at the end."""


class Values(NamedTuple):
    """The values of some lines, and the lines' numbers from 1."""

    values: list[Any]
    numbers: Sequence[int]


@dataclass
class LineErrors:
    """Counts lines that could not be read, and keeps the first few.

    Args:
        corrupt: lines that are not JSON.
        foreign: lines that are JSON, but not of the expected form.
        first: the first of both.
    """

    corrupt: int = 0
    foreign: int = 0
    first: list[LineError] = field(default_factory=list)

    def add_corrupt(self, file: str, line: int, detail: str) -> None:
        """Count a line that is not JSON."""
        self.corrupt += 1
        self._keep(LineError(file, line, detail))

    def add_foreign(self, file: str, line: int, detail: str) -> None:
        """Count a line that is JSON, but not of the expected form."""
        self.foreign += 1
        self._keep(LineError(file, line, detail))

    def merge(self, other: "LineErrors") -> None:
        """Add the errors of later files."""
        self.corrupt += other.corrupt
        self.foreign += other.foreign
        for error in other.first:
            self._keep(error)

    def _keep(self, error: LineError) -> None:
        if len(self.first) < KEPT_ERRORS:
            self.first.append(error)


def read_values(
    path: Path, file: str, errors: LineErrors, decoder: Decoder[Any] = ANY
) -> Iterator[Values]:
    """Yield a file's values, some hundreds at a time.

    Args:
        path: the file; compressed or not, whatever its name.
        file: its name in reported errors.
        errors: counts lines that are not JSON, the place where a compressed file is damaged, and a
            file that does not exist any more: files may be removed while others are read.
        decoder: of a line; the value of one that has another form is plain JSON.

    Raises:
        MonitoringError: the file cannot be read.
    """
    number = 1
    try:
        with path.open("rb") as raw:
            compressed = raw.read(len(MAGIC)) == MAGIC
            raw.seek(0)
            stream = GzipStream(raw) if compressed else raw
            for block in read_blocks(stream):
                starts = _first_bytes(block)
                values = _decode_lines(block, decoder) if (starts == BRACE).all() else []
                if len(values) == len(starts):
                    yield Values(values, range(number, number + len(starts)))
                else:
                    yield _parse_each(block.split(b"\n"), number, file, errors, decoder)
                number += len(starts)
            if damage := _damage(stream):
                errors.add_corrupt(file, number, damage)
    except FileNotFoundError:
        errors.add_corrupt(file, number, GONE)
    except OSError as error:
        raise MonitoringError(f"{path} cannot be read: {error}") from error


def read_blocks(stream: Readable) -> Iterator[bytes]:
    """Yield the whole lines of a stream, some thousands at once; the last one may be incomplete.

    Of a compressed file that is damaged, the incomplete line is left out.
    """
    parts = [b""]
    while len(parts[0]) < len(BOM) and (start := stream.read(len(BOM) - len(parts[0]))):
        parts[0] += start
    parts[0] = parts[0].removeprefix(BOM)
    size = 0
    while block := stream.read(BLOCK_BYTES):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield b"".join((*parts, head))
            parts, size = [tail], len(tail)
        elif size < LONGEST_BYTES:
            size += len(block)
            parts += [block] if size < LONGEST_BYTES else [block, CUT]
    if (rest := b"".join(parts)) and not _damage(stream):
        yield rest


def parse_texts(texts: Sequence[str], decoder: Decoder[list[Any]] = ANY_LIST) -> list[Any]:
    """Return the values of some JSON texts, parsed as one array, which takes half the time.

    Args:
        texts: to parse.
        decoder: of the array; where a value has another form, all are plain JSON.

    Raises:
        ValueError: one of them is not JSON.
    """
    array = f"[{','.join(texts)}]"
    try:
        values = decoder.decode(array)
    except UNREADABLE:
        values = from_json(array, cache_strings="keys")
    if len(values) != len(texts):
        raise ValueError("holds more than one JSON value")
    return values


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause the garbage collector: parsed JSON has no cycles, and many objects to search."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _damage(stream: Readable) -> str:
    return stream.damage if isinstance(stream, GzipStream) else ""


def _first_bytes(block: bytes) -> NDArray[np.uint8]:
    """Return the first byte of each line, of shape (lines,); of an empty one, that of its end."""
    content = np.frombuffer(b"\n%b\n" % block, np.uint8)
    return content[np.flatnonzero(content == NEWLINE)[:-1] + 1]


def _decode_lines(block: bytes, decoder: Decoder[Any]) -> list[Any]:
    """Return the values of whole lines, or too few if a line cannot be decoded."""
    try:
        return decoder.decode_lines(block)
    except UNREADABLE:
        return []


def _parse_each(
    lines: list[bytes], first: int, file: str, errors: LineErrors, decoder: Decoder[Any]
) -> Values:
    parsed = Values([], numbers := [])
    for number, line in enumerate(lines, start=first):
        if line.strip():
            try:
                parsed.values.append(_parse_line(line, decoder))
                numbers.append(number)
            except ValueError as error:
                errors.add_corrupt(file, number, f"is not JSON: {error}")
    return parsed


def _parse_line(line: bytes, decoder: Decoder[Any]) -> Any:
    """Return the value that a line has in a whole block, or plain JSON if it has another form."""
    try:
        return decoder.decode(line)
    except UNREADABLE:
        return from_json(line, cache_strings="keys")

"""Reads JSON Lines files of any size in blocks; a line that is not JSON is counted and skipped."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic_core import from_json

from ..errors import MonitoringError
from .gzip_stream import MAGIC, GzipStream
from .results.captures import LineError

BLOCK_BYTES = 2**18  # read at once: small enough to stay in the processor's cache
LONGEST_BYTES = 2**26  # of a line; a longer one is cut off, and so is not JSON
CUT = b"\0"  # never valid in JSON
KEPT_ERRORS = 5  # lines that are reported
BOM = b"\xef\xbb\xbf"


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


def read_values(path: Path, file: str, errors: LineErrors) -> Iterator[Values]:
    """Yield a file's values, some thousands at a time.

    Args:
        path: the file; compressed or not, whatever its name.
        file: its name in reported errors.
        errors: counts lines that are not JSON, and the place where a compressed file is damaged.

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
                count = block.count(b"\n") + 1
                yield _parse(block, count, number, file, errors)
                number += count
            if damage := _damage(stream):
                errors.add_corrupt(file, number, damage)
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


def parse_texts(texts: Sequence[str]) -> list[Any]:
    """Return the values of some JSON texts, parsed as one array, which takes half the time.

    Raises:
        ValueError: one of them is not JSON.
    """
    values: list[Any] = from_json(f"[{','.join(texts)}]", cache_strings="keys")
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


def _parse(block: bytes, count: int, first: int, file: str, errors: LineErrors) -> Values:
    try:
        values: list[Any] = from_json(b"[%b]" % block.replace(b"\n", b","), cache_strings="keys")
    except ValueError:
        values = []
    if len(values) == count:
        return Values(values, range(first, first + count))
    return _parse_each(block.split(b"\n"), first, file, errors)


def _parse_each(lines: list[bytes], first: int, file: str, errors: LineErrors) -> Values:
    parsed = Values([], numbers := [])
    for number, line in enumerate(lines, start=first):
        if line.strip():
            try:
                parsed.values.append(from_json(line, cache_strings="keys"))
                numbers.append(number)
            except ValueError as error:
                errors.add_corrupt(file, number, f"is not JSON: {error}")
    return parsed

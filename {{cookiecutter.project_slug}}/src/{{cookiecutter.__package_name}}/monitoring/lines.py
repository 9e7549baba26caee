"""Files of one JSON value a line, of any size, read in pieces; a wrong line never ends it."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic_core import from_json

from ..errors import MonitoringError
from .findings import Place

BLOCK_BYTES = 2**18  # read at once: what is parsed of it still lies in the processor's cache
LONGEST_BYTES = 2**26  # of a line; what is longer is cut off, and is then no JSON
CUT = b"\0"  # stands in no JSON
PLACES = 5  # that are told of what cannot be read
BOM = b"\xef\xbb\xbf"


class Values(NamedTuple):
    """Some lines' values, and the lines' numbers from 1."""

    values: list[Any]
    numbers: Sequence[int]


@dataclass
class Faults:
    """How many lines could not be read, and where the first few are."""

    corrupt: int = 0
    foreign: int = 0
    places: list[Place] = field(default_factory=list)

    def note_corrupt(self, file: str, line: int, problem: str) -> None:
        """Count a line that is no JSON."""
        self.corrupt += 1
        self._note(Place(file, line, problem))

    def note_foreign(self, file: str, line: int, problem: str) -> None:
        """Count a line that is JSON, and not what it should be."""
        self.foreign += 1
        self._note(Place(file, line, problem))

    def merge(self, other: "Faults") -> None:
        """Add what was found in later files."""
        self.corrupt += other.corrupt
        self.foreign += other.foreign
        for place in other.places:
            self._note(place)

    def _note(self, place: Place) -> None:
        if len(self.places) < PLACES:
            self.places.append(place)


def read_values(path: Path, file: str, faults: Faults) -> Iterator[Values]:
    """Yield a file's values, some thousands at a time.

    Args:
        path: the file.
        file: what it is called where its lines are told.
        faults: are told of lines that are no JSON.

    Raises:
        MonitoringError: the file cannot be read.
    """
    number = 1
    try:
        with path.open("rb") as stream:
            for lines in read_lines(stream):
                yield _parse(lines, number, file, faults)
                number += len(lines)
    except OSError as error:
        raise MonitoringError(f"{path} cannot be read: {error}") from error


def read_lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines of a stream, a block's at a time; the last one may be torn."""
    parts = [stream.read(len(BOM)).removeprefix(BOM)]
    size = 0
    while block := stream.read(BLOCK_BYTES):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield b"".join((*parts, head)).split(b"\n")
            parts, size = [tail], len(tail)
        elif size < LONGEST_BYTES:
            size += len(block)
            parts += [block] if size < LONGEST_BYTES else [block, CUT]
    if rest := b"".join(parts):
        yield rest.split(b"\n")


def parse_texts(texts: Sequence[str]) -> list[Any]:
    """Return the values of some JSON texts: parsed as one, which takes half the time.

    Raises:
        ValueError: one of them is no JSON.
    """
    values: list[Any] = from_json(f"[{','.join(texts)}]", cache_strings="keys")
    if len(values) != len(texts):
        raise ValueError("holds more than one JSON value")
    return values


@contextmanager
def without_collector() -> Iterator[None]:
    """Switch the search for cycles off: what is parsed holds none, and is a lot to search."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parse(lines: list[bytes], first: int, file: str, faults: Faults) -> Values:
    try:
        values: list[Any] = from_json(b"[" + b",".join(lines) + b"]", cache_strings="keys")
    except ValueError:
        values = []
    if len(values) == len(lines):
        return Values(values, range(first, first + len(lines)))
    return _parse_each(lines, first, file, faults)


def _parse_each(lines: list[bytes], first: int, file: str, faults: Faults) -> Values:
    found = Values([], numbers := [])
    for number, line in enumerate(lines, start=first):
        if line.strip():
            try:
                found.values.append(from_json(line, cache_strings="keys"))
                numbers.append(number)
            except ValueError as error:
                faults.note_corrupt(file, number, f"is no JSON: {error}")
    return found

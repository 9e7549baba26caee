"""Open the files of a batch: by their suffixes, compressed or not, or standard input and output."""

import gzip
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from select import select
from typing import IO, Any, BinaryIO, cast

from ..errors import MalformedError
from ..file_formats import SUFFIXES, FileFormat

STANDARD = Path("-")
GZIP, TABS = ".gz", ".tsv"
TAB = "\t"
GZIP_BEGINS = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
REJECTED = ".rejected"
BUFFER = 2**18  # bytes
WAIT_S = 0.5
LEVEL = 6  # of compression; the highest takes several times as long for little


@dataclass(frozen=True)
class InputStream:
    """A file of rows, decompressed; `progress` returns the share of it that was read."""

    binary: BinaryIO
    suffix: str
    format: FileFormat
    progress: Callable[[], float | None]


def suffix_of(path: PurePath) -> str:
    """Return a file's suffix in lower case, without that of its compression."""
    path = path.with_suffix("") if path.suffix.lower() == GZIP else path
    return path.suffix.lower()


def read_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a text, with their ends.

    Raises:
        MalformedError: bytes are not of the text's encoding; the message names the line.
    """
    number = 0
    try:
        for number, line in enumerate(text, 1):  # noqa: B007
            yield line
    except UnicodeDecodeError as error:
        # The bytes that were decoded last begin on the line after the last whole one.
        number += 1 + error.object.count(b"\n", 0, error.start)
        byte = error.object[error.start]
        encoding = text.encoding.removesuffix("-sig").upper()
        raise MalformedError(
            f"byte 0x{byte:02x} in line {number} is not {encoding}; save the file in this encoding"
        ) from error


class RawInput(io.RawIOBase):
    """Bytes of a file or a pipe, counted.

    Args:
        read_into: reads what is there into a buffer, at least a byte unless the file ends.
        pipe: its descriptor, if it is a pipe.
    """

    def __init__(
        self, read_into: Callable[[bytearray], int | None], pipe: int | None = None
    ) -> None:
        """Start at the beginning."""
        super().__init__()
        self._read_into, self._pipe = read_into, pipe
        self.bytes_read = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer; return how many bytes."""
        if self._pipe is not None:
            # A signal that another thread received does not end a read: wait in short steps.
            while not select([self._pipe], [], [], WAIT_S)[0]:
                pass
        count = self._read_into(buffer) or 0
        self.bytes_read += count
        return count


@contextmanager
def open_input(path: Path, default: FileFormat | None) -> Iterator[InputStream]:
    """Open a file of rows; `-` is standard input, CSV unless it begins with a brace.

    Args:
        path: of the file.
        default: its format, if its suffix says nothing; JSON Lines without one.

    Raises:
        OSError: it cannot be read.
        MalformedError: it has 0 bytes.
    """
    if path == STANDARD:
        stdin = _decompress(
            RawInput(cast(io.BufferedIOBase, sys.stdin.buffer).readinto1, _pipe_of(sys.stdin))
        )
        begins = stdin.peek(1).removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
        yield InputStream(
            cast(BinaryIO, stdin), "", "jsonl" if begins == b"{" else "csv", lambda: None
        )
        return
    if path.is_file() and not path.stat().st_size:  # a pipe has no size
        raise MalformedError(
            "the file has 0 bytes, so what writes it has probably failed. A CSV file without rows "
            "has a header, one of JSON Lines an empty line."
        )
    with path.open("rb", buffering=0) as raw:
        yield read_stream(raw, path, default, size_bytes=path.stat().st_size)


def read_stream(
    raw: IO[bytes], path: PurePath, default: FileFormat | None, *, size_bytes: int
) -> InputStream:
    """Return the stream of an open file.

    Args:
        raw: its bytes.
        path: whose suffix is its format.
        default: its format, if its suffix says nothing; JSON Lines without one.
        size_bytes: of the file, compressed if it is.
    """
    suffix = suffix_of(path)
    written = SUFFIXES.get(suffix, default or "jsonl")
    if written == "parquet":
        return InputStream(cast(BinaryIO, raw), suffix, written, lambda: None)
    source = RawInput(cast(io.RawIOBase, raw).readinto, _pipe_of(raw))
    stream = cast(BinaryIO, _decompress(source))
    return InputStream(
        stream, suffix, written, lambda: source.bytes_read / size_bytes if size_bytes else None
    )


def _pipe_of(stream: IO[Any]) -> int | None:
    """Return the descriptor of a stream, if it is a pipe that can be waited for."""
    try:
        descriptor = stream.fileno()
        pipe = os.name == "posix" and stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        return None
    return descriptor if pipe else None


def _decompress(raw: RawInput) -> "io.BufferedReader[Any]":
    """Return the bytes of a file, decompressed if it is an archive."""
    stream = io.BufferedReader(raw, BUFFER)
    if stream.peek(len(GZIP_BEGINS))[: len(GZIP_BEGINS)] != GZIP_BEGINS:
        return stream
    return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream, mode="rb")), BUFFER)


def output_format(path: Path, source: FileFormat) -> FileFormat:
    """Return the format of a file of answers: on standard output, that of the source as text."""
    if path == STANDARD:
        return "csv" if source == "csv" else "jsonl"
    return SUFFIXES.get(suffix_of(path), "jsonl")


@contextmanager
def compress(stream: IO[bytes], path: PurePath) -> Iterator[IO[bytes]]:
    """Yield what compresses the bytes of a file if its suffix says so, else its own stream."""
    if path.suffix.lower() == GZIP:
        with gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as compressed:
            yield cast(IO[bytes], compressed)
    else:
        yield stream


class OutputFiles:
    """The files of answers and of rejected rows: both are written completely, or not at all.

    `-` stands for standard output; rejected rows then go to standard error.

    Args:
        path: of the answers; the rejected rows are beside them.
    """

    def __init__(self, path: Path) -> None:
        """Name the files."""
        self.path = path = path.resolve() if path.is_symlink() else path
        self.rejected_path = path.with_name(f"{path.name}{REJECTED}")
        self._finals = () if path == STANDARD else (self.rejected_path, path)
        self._parts = [each.with_name(f".{each.name}.part") for each in self._finals]

    @contextmanager
    def open(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Yield where the answers and the rejected rows are written; complete the files.

        Raises:
            MalformedError: something else than a file has the name of the answers.
        """
        if not self._finals:
            yield sys.stdout.buffer, sys.stderr.buffer
            sys.stdout.flush()
            return
        if self.path.exists() and not self.path.is_file():
            raise MalformedError("it is no file, and would be replaced; - is standard output.")
        try:
            with ExitStack() as files:
                rejected, answers = (files.enter_context(part.open("wb")) for part in self._parts)
                yield files.enter_context(compress(answers, self.path)), rejected
            # The rejected rows come first: who finds the answers finds them as well.
            rejected_part, part = self._parts
            if rejected_part.stat().st_size:
                rejected_part.replace(self.rejected_path)
            else:
                self.rejected_path.unlink(missing_ok=True)
            part.replace(self.path)
        finally:
            for part in self._parts:
                part.unlink(missing_ok=True)

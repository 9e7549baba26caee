"""Read the rows of several files as those of one source, and divide files among shards."""

import csv
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

from ..errors import MalformedError
from ..file_formats import SUFFIXES
from ..manifest import Manifest
from .column_types import Types, load_pyarrow, unify_types
from .formats import open_rows
from .stored_files import StoredFile
from .streams import read_stream, suffix_of
from .tables import FILE, Chunk, Columns, Keep, Shard, Source, free_names

UNREADABLE = (OSError, EOFError, UnicodeError, csv.Error, zlib.error, MalformedError)


class FilesSource:
    """The rows of several files, one file after another; each file's rows are numbered from 0.

    Args:
        every: all files; the columns of the answers are those of the first one, whichever are read.
        files: that are read.
        manifest: of the model.
        keep: which columns the output repeats.
        named: whether the output has a column with each file's name.
        table: whether the answers are a table, which has the columns of the first file.

    Raises:
        MalformedError: the first file cannot be read.
    """

    def __init__(
        self,
        every: Sequence[StoredFile],
        files: Sequence[StoredFile],
        manifest: Manifest,
        *,
        keep: Keep,
        named: bool,
        table: bool,
    ) -> None:
        """Read the columns of the first file."""
        self._every, self._table = every, table
        self._files, self._manifest, self._keep, self._named = files, manifest, keep, named
        self._done, self._bytes = 0, sum(each.size_bytes for each in files)
        self._progress: float | None = 0.0
        with self._open(every[0]) as rows:
            self.kept: Sequence[str] = [*self._name(every[0], dict.fromkeys(rows.kept, ()), 0)]
        self._absent: list[str] = []
        self.absent: Sequence[str] = self._absent

    def progress(self) -> float | None:
        """Return the share of the bytes that was read; None if it is unknown."""
        return self._progress

    def types(self) -> Types:
        """Return the types of the kept columns, the same whichever files are read.

        They hold the values of every Parquet file, and of the first file's first rows.

        Raises:
            MalformedError: a column has no such type; the file is named.
        """
        named = {FILE: load_pyarrow().string()} if self._named else {}
        types: Types = {}
        for file in self._every if len(self.kept) > len(named) else ():
            is_parquet = SUFFIXES.get(suffix_of(PurePosixPath(file.name))) == "parquet"
            if is_parquet or file is self._every[0]:
                with self._open(file) as rows:
                    others = rows.types()
                    names = free_names([*others], [*named])
                    types = unify_types(types, dict(zip(names, others.values(), strict=True)))
        return {**types, **named}

    def chunks(self, size: int, shard: Shard) -> Iterator[Chunk]:
        """Yield the rows of a shard of each file, from at most `size` rows at once.

        Raises:
            MalformedError: a file cannot be read, or has a column that a table cannot hold.
        """
        for file in self._files:
            with self._open(file) as rows:
                self._check_columns(self._name(file, dict.fromkeys(rows.kept, ()), 0), 0)
                self._absent += [name for name in rows.absent if name not in self._absent]
                for chunk in rows.chunks(size, shard):
                    read = file.size_bytes * (rows.progress() or 0.0)
                    self._progress = (self._done + read) / max(self._bytes, 1)
                    kept = self._name(file, chunk.kept, len(chunk.numbers))
                    self._check_columns(kept, chunk.numbers[0])
                    yield chunk._replace(kept=kept, file=file.name if self._named else "")
            self._done += file.size_bytes

    @contextmanager
    def _open(self, file: StoredFile) -> Iterator[Source]:
        """Open a file; an error names it."""
        try:
            with file.open() as raw:
                stream = read_stream(
                    raw,
                    PurePosixPath(file.name),
                    self._manifest.data.dialect.format,
                    size_bytes=file.size_bytes,
                )
                yield open_rows(stream, self._manifest, keep=self._keep)
        except UNREADABLE as error:
            raise MalformedError(f"{file.name} cannot be answered: {error}") from error

    def _check_columns(self, kept: Columns, row: int) -> None:
        """Check that the first file has the kept columns of another one.

        Raises:
            MalformedError: it does not, and the answers are a table.
        """
        if self._table and (unknown := [name for name in kept if name not in self.kept]):
            raise MalformedError(
                f"from row {row} on, it has the column {unknown[0][:60]!r}, which the first rows "
                f"of {self._every[0].name} do not have, and a table of answers has their columns. "
                "Choose files with the same columns by a pattern, answer this one alone, or set "
                "--keep none or --format jsonl."
            )

    def _name(self, file: StoredFile, kept: Columns, rows: int) -> Columns:
        """Return kept columns behind one with the file's name."""
        if not self._named:
            return kept
        names = free_names([*kept], [FILE])
        return {FILE: [file.name] * rows, **dict(zip(names, kept.values(), strict=True))}


def divide(files: Sequence[StoredFile], shard: Shard) -> Sequence[StoredFile]:
    """Return the files of a shard: neighbours, of about the same size for each shard.

    The shards' files one after another are all files, in their order.
    """
    weights = [each.size_bytes for each in files]
    if not any(weights):
        weights = [1] * len(files)
    chosen, before, whole = [], 0, sum(weights)
    for file, weight in zip(files, weights, strict=True):
        middle = (2 * before + weight) * shard.count // (2 * whole)
        if min(middle, shard.count - 1) == shard.index:  # of empty files at the end
            chosen.append(file)
        before += weight
    return chosen

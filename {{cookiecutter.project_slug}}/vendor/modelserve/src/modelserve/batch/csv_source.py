"""Read the rows of a CSV file with a header."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from itertools import islice

from ..errors import MalformedError
from ..manifest import Manifest
from .column_types import Types, load_pyarrow
from .dialect import CellReader
from .header import check_header, distinct
from .streams import TAB, TABS, InputStream, read_lines
from .tables import Chunk, Keep, Shard

BREAK = re.compile(r"\r\n|\r|\n")
LONGEST_CELL = 2**24  # characters; a quote that is never closed takes the rest of the file
TOO_MANY, TOO_FEW = (f"{many} values than the header has names" for many in ("more", "fewer"))
UNCLOSED = ", and several lines: a quote may not be closed"


class CsvSource:
    """A CSV file, written as the training data were.

    Args:
        stream: of the file.
        manifest: of the model, which has the fields and the dialect.
        keep: which columns the output repeats.

    Raises:
        MalformedError: the header names a field twice, or lacks one that may not be missing.
    """

    def __init__(self, stream: InputStream, manifest: Manifest, *, keep: Keep) -> None:
        """Read the header."""
        dialect = manifest.data.dialect
        plain = dialect.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        text = TextIOWrapper(
            stream.binary, encoding="utf-8-sig" if plain else dialect.encoding, newline=""
        )
        separator = TAB if stream.suffix == TABS else dialect.separator
        self._reader = csv.reader(
            read_lines(text), delimiter=separator[0], skipinitialspace=len(separator) > 1
        )
        self._rows = self._read()
        self._progress = stream.progress
        self._cells = CellReader(manifest)
        with _long_cells():
            names = next((cells for cells in self._rows if cells), [])
        self._width = len(names)
        features = {each.name: each for each in manifest.features}
        self.absent: Sequence[str] = (
            check_header(names, manifest, separator=separator) if names else []
        )
        self._fields = [(features[name], i) for i, name in enumerate(names) if name in features]
        chosen = [i for i, name in enumerate(names) if keep == "all" or name not in features]
        chosen.sort(key=lambda i: names[i] != manifest.data.index)
        self._chosen = [] if keep == "none" else chosen
        self.kept: Sequence[str] = distinct([names[i] for i in self._chosen])

    def progress(self) -> float | None:
        """Return the share of the file that was read; None if its size is unknown."""
        return self._progress()

    def types(self) -> Types:
        """Return the types of the kept columns: texts."""
        return dict.fromkeys(self.kept, load_pyarrow().string())

    def chunks(self, size: int, shard: Shard) -> Iterator[Chunk]:
        """Yield the rows of a shard, from at most `size` rows of the file at once."""
        number, line = 0, self._reader.line_num
        while raw := self._take(size):
            rows = [cells for cells in raw if cells]
            first = shard.first(number)
            numbers = range(number + first, number + len(rows), shard.count)
            lines = partial(_lines, raw, line, self._reader.line_num, numbers, number)
            number, line = number + len(rows), self._reader.line_num
            if numbers:
                yield self._chunk(numbers, rows[first :: shard.count], lines)

    def _take(self, size: int) -> list[list[str]]:
        """Return the next rows."""
        with _long_cells():
            return list(islice(self._rows, size))

    def _read(self) -> Iterator[list[str]]:
        """Yield the cells of each row, empty rows among them.

        Raises:
            MalformedError: a row is no CSV, or a cell is too long.
        """
        try:
            yield from self._reader
        except csv.Error as error:
            line = self._reader.line_num
            raise MalformedError(f"line {line}: {error}; a quote may not be closed") from error

    def _find_problem(self, cells: Sequence[str]) -> str:
        """Return why a row cannot be read; nothing if it can. Too few values are missing ones."""
        if len(cells) > self._width:
            return TOO_MANY + (UNCLOSED if any(map(BREAK.search, cells)) else "")
        if len(cells) < self._width and BREAK.search(cells[-1]):
            return TOO_FEW + UNCLOSED
        return ""

    def _chunk(
        self, numbers: range, rows: list[list[str]], lines: Callable[[], Sequence[int]]
    ) -> Chunk:
        problems: dict[int, str] = {}
        if set(map(len, rows)) != {self._width}:
            found = ((i, self._find_problem(cells)) for i, cells in enumerate(rows))
            problems = {i: problem for i, problem in found if problem}
            rows = [_resize(cells, self._width) for cells in rows]
        columns = list(zip(*rows, strict=True))
        fields = {
            feature.name: self._cells.read(feature, columns[i]) for feature, i in self._fields
        }
        for feature, i in self._fields:
            problems = dict(self._cells.find_problems(feature, columns[i])) | problems
        kept = {name: columns[i] for name, i in zip(self.kept, self._chosen, strict=True)}
        return Chunk(numbers, fields, (), kept, problems, lines)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be longer than usual; the limit is the process's, others read CSV as well."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _resize(cells: list[str], width: int) -> list[str]:
    """Return cells without those too many, and with an empty one for each that lacks."""
    return cells[:width] + [""] * (width - len(cells))


def _lines(
    raw: Sequence[Sequence[str]], before: int, after: int, numbers: range, first: int
) -> Sequence[int]:
    """Return the lines on which some rows of a chunk begin.

    Args:
        raw: all rows of the chunk, with the empty ones.
        before: the number of lines before the chunk.
        after: the number of lines with the chunk.
        numbers: of the rows that are asked for.
        first: the number of the chunk's first row.
    """
    begins: list[int] = []
    line = before + 1
    plain = after - before == len(raw)  # no cell holds a line break
    for cells in raw:
        if cells:
            begins.append(line)
        line += 1 + (0 if plain else sum(len(BREAK.findall(cell)) for cell in cells))
    return [begins[number - first] for number in numbers]

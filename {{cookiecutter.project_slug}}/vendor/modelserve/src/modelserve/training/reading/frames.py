"""Read all files of `[data]` into one data frame."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas.api import types

from ...errors import FieldError, InvalidInputError
from ...file_formats import FileFormat
from ...manifest import Dialect
from ..frames import mask_infinite, with_columns
from ..sections import DataSection
from .csv_files import TEXT, CsvFile, find_repeated_names
from .files import find_files, format_of
from .grouped import find_grouped
from .records import read_json_lines, read_parquet, to_frame
from .remedies import Finding, Remedy, shorten, toml_lines

NAMED = 5  # columns in an error
MADE_COLUMNS = (
    "if `load` in data.py makes one of the other, let it take files with either "
    "(vendor/modelserve/docs/data.md#retraining)"
)


class FileRows(NamedTuple):
    """The rows of all files, and what is found in columns as they are written.

    `markers` returns those texts for a missing value that the files have.
    """

    frame: pd.DataFrame
    findings: list[Finding]
    markers: Callable[[], Sequence[str]] = tuple


def read_files(
    section: DataSection,
    dialect: Dialect,
    *,
    texts: Collection[str] | None,
    needed: Collection[str | None] | None = None,
) -> FileRows:
    """Return the rows of all files, in the order of the files.

    Args:
        section: the paths, and the columns whose types are given.
        dialect: how the files are written.
        texts: the columns whose values stay as they are written; None for all of them.
        needed: the columns that every file must have; None for all that are used.

    Raises:
        InvalidInputError: a file cannot be read, is not of the dialect, or has other columns than
            the first.
        TrainingError: a Parquet file cannot be read without pyarrow.
    """
    files = find_files(section.paths, dialect.format)
    runs = [
        (file_format, [*run])
        for file_format, run in groupby(files, lambda path: dialect.format or format_of(path))
    ]
    reading = _Reading(section, dialect, needed)
    found = [reading.read(*run, texts) for run in runs]
    if len(found) == 1:
        return found[0]
    mixed = None if texts is None else _find_mixed([each.frame for each in found])
    if mixed:
        found = [reading.read(*run, {*(texts or ()), *mixed}) for run in runs]
    frames = [_to_texts(each.frame, mixed) for each in found]
    paths = [run[0] for _, run in runs]
    return FileRows(
        reading.join([*zip(paths, frames, strict=True)]),
        [finding for each in found for finding in each.findings],
        lambda: list(dict.fromkeys(marker for each in found for marker in each.markers())),
    )


@dataclass(frozen=True)
class _Reading:
    """Reads files of one format, and joins their rows."""

    section: DataSection
    dialect: Dialect
    needed: Collection[str | None] | None

    def read(
        self, file_format: FileFormat | None, files: Sequence[Path], texts: Collection[str] | None
    ) -> FileRows:
        """Return the rows of files of one format; without one, they are CSV."""
        section, dialect = self.section, self.dialect
        match file_format:
            case "jsonl":
                parts = [(path, read_json_lines(path, dialect.encoding)) for path in files]
                frame = to_frame([record for _, records in parts for record in records])
                return _mark_missing(frame, dialect, section)
            case "parquet":
                frames = [(path, read_parquet(path)) for path in files]
                return _mark_missing(self.join(frames), dialect, section)
        written = [CsvFile(path, _dialect_of(path, dialect)) for path in files]
        return self._read_csv(written, texts)

    def _read_csv(self, files: Sequence[CsvFile], texts: Collection[str] | None) -> FileRows:
        """Return the rows of CSV files; a column that is text in one file is text in all."""
        section = self.section
        numbers = {name for name, dtype in section.dtypes.items() if dtype != "category"}
        numbers |= {each.name for each in section.features if each.dtype != "category"}
        frames = [file.read(texts, numbers) for file in files]
        dropped = {*section.drop} if not section.features else {*map(str, frames[0].columns)}
        errors = [error for frame in frames for error in find_repeated_names(frame, dropped)]
        if errors:
            raise InvalidInputError(list(dict.fromkeys(errors)))
        frames = [frame.loc[:, ~frame.columns.duplicated()] for frame in frames]
        if texts is not None and len(frames) > 1:
            mixed = _find_mixed(frames)
            if mixed:
                frames = [file.read({*texts, *mixed}, numbers) for file in files]
        parts = [(file.path, part) for file, part in zip(files, frames, strict=True)]
        frame = self.join(parts)
        if texts is None or section.features:
            return FileRows(frame, [])
        written = {str(name): column for name, column in frame.items() if column.dtype == TEXT}
        unused = {*section.drop, section.index}
        gaps = [name for name, each in written.items() if name not in unused and each.isna().any()]
        dialect, findings = files[0].dialect, []
        if gaps and section.missing is None:
            seen = [
                file.count_texts([name for name in gaps if name in part], dialect.missing[1:])
                for file, (_, part) in zip(files, parts, strict=True)
            ]
            counts = pd.concat(seen).groupby(level=0, sort=False).sum()
            findings = [_report_markers(name, counts[name]) for name in gaps if counts[name].any()]
        if dialect.thousands is None:
            findings += find_grouped(files, frame, {*numbers, *unused})
        return FileRows(frame, findings, partial(_find_markers, files, dialect))

    def join(self, frames: Sequence[tuple[Path, pd.DataFrame]]) -> pd.DataFrame:
        """Return the rows of frames that have the same columns, but for those that are not used.

        Raises:
            InvalidInputError: a file has other columns than the first; they are named.
        """
        (first_path, first), *others = frames
        errors = []
        # Rows of another origin, such as captures, have neither an index nor what was left out.
        unused = {*self.section.drop, self.section.index}

        def used(name: object) -> bool:
            return name not in unused if self.needed is None else name in self.needed

        for path, frame in others:
            lacks = [str(name) for name in first.columns if name not in frame and used(name)]
            more = [str(name) for name in frame.columns if name not in first and used(name)]
            if lacks or more:
                # What a new column was made of need not be a feature.
                gone = [str(name) for name in first.columns if name not in frame]
                problem = _compare_columns(gone if more else lacks, more)
                errors.append(
                    FieldError(str(path), f"other columns than {first_path.name}: {problem}")
                )
        if errors:
            raise InvalidInputError(errors)
        if not others:
            return first
        names = list(dict.fromkeys(name for _, frame in frames for name in frame.columns))
        whole = pd.concat([frame for _, frame in frames], ignore_index=True)
        return whole[names]


def _compare_columns(lacks: Sequence[str], more: Sequence[str]) -> str:
    """Return which columns a file lacks and which it also has, and the way out if it has both."""
    said = "; ".join(
        f"{word} {', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}"
        for word, names in (("lacks", lacks), ("also has", more))
        if names
    )
    return f"{said}; {MADE_COLUMNS}" if lacks and more else said


def _to_texts(frame: pd.DataFrame, columns: Collection[str] | None) -> pd.DataFrame:
    """Return some columns as texts, all of them for None."""
    named = [name for name in frame if columns is None or name in columns]
    return frame.astype({name: TEXT for name in named if frame[name].dtype != TEXT})


def _dialect_of(path: Path, dialect: Dialect) -> Dialect:
    """Return the dialect of a file, whose suffix may say that tabs separate its values."""
    tabs = ".tsv" in path.name.lower()
    return dialect.model_copy(update={"separator": "\t"}) if tabs else dialect


def _find_markers(files: Sequence[CsvFile], dialect: Dialect) -> list[str]:
    return list(dict.fromkeys(m for file in files for m in file.find_markers(dialect.missing)))


def _report_markers(name: str, counts: pd.Series) -> Finding:
    """Return that texts of a column were read as missing, although they may be values."""
    read = {str(marker): int(count) for marker, count in counts.items() if count}
    said = ", ".join(f"{count} {shorten(marker)}" for marker, count in read.items())
    line = toml_lines([Remedy("missing", name, tuple(read))])[0]
    problem = (
        f"read as missing: {said}; under [data] write {line} if that is right, "
        "or missing = [] if it is a value"
    )
    return Finding(name, problem, blocking=False)


def _find_mixed(frames: Sequence[pd.DataFrame]) -> set[str]:
    """Return the columns that are text in some frames and not in others."""
    first = frames[0]
    return {
        str(name)
        for name in first.columns
        if len({types.is_string_dtype(frame[name]) for frame in frames if name in frame}) > 1
    }


def _mark_missing(frame: pd.DataFrame, dialect: Dialect, section: DataSection) -> FileRows:
    """Return a frame without the texts that stand for a missing value, types inferred anew."""
    frame = mask_infinite(frame, dialect.missing)
    columns, findings = {}, []
    for name, column in frame.items():
        if column.dtype == object or types.is_string_dtype(column):
            gap = column.isin(dialect.missing)
            if gap.any():
                columns[str(name)] = column.astype(object).mask(gap).convert_dtypes()
                counts = column[gap & (column != "")].value_counts()
                text = types.is_string_dtype(columns[str(name)])
                if len(counts) and text and section.missing is None and not section.features:
                    findings.append(_report_markers(str(name), counts))
    return FileRows(with_columns(frame, columns), findings, lambda: dialect.missing)

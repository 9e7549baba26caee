"""Read all files of `[data]` into one data frame."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas.api import types

from ...errors import FieldError, InvalidInputError
from ...manifest import Dialect
from ..sections import DataSection
from .csv_files import TEXT, CsvFile, find_repeated_names
from .files import find_files, format_of
from .records import read_json_lines, read_parquet, to_frame
from .remedies import Finding, Remedy, shorten, toml_lines

NAMED = 5  # columns in an error


class FileRows(NamedTuple):
    """The rows of all files, and what is found in columns as they are written.

    `markers` returns those texts for a missing value that the files have.
    """

    frame: pd.DataFrame
    findings: list[Finding]
    markers: Callable[[], Sequence[str]] = tuple


def read_files(
    section: DataSection, dialect: Dialect, *, texts: Collection[str] | None
) -> FileRows:
    """Return the rows of all files, in the order of the files.

    Args:
        section: the paths, and the columns whose types are given.
        dialect: how the files are written.
        texts: the columns whose values stay as they are written; None for all of them.

    Raises:
        InvalidInputError: a file cannot be read, is not of the dialect, or has other columns than
            the first.
        TrainingError: a Parquet file cannot be read without pyarrow.
    """
    files = find_files(section.paths, dialect.format)
    formats = {path: dialect.format or format_of(path) or "csv" for path in files}
    if len(set(formats.values())) > 1:
        kinds = ", ".join(sorted(set(formats.values())))
        problem = f"there are files of several formats, {kinds}; write format under [data]"
        raise InvalidInputError([FieldError(section.source, problem)])
    match formats[files[0]]:
        case "jsonl":
            parts = [(path, read_json_lines(path, dialect.encoding)) for path in files]
            frame = to_frame([record for _, records in parts for record in records])
            return _mark_missing(frame, dialect, section)
        case "parquet":
            frames = [(path, read_parquet(path)) for path in files]
            return _mark_missing(_join(frames), dialect, section)
    numbers = {name for name, dtype in section.dtypes.items() if dtype != "category"}
    numbers |= {each.name for each in section.features if each.dtype != "category"}
    written = [CsvFile(path, _dialect_of(path, dialect)) for path in files]
    return _read_csv_files(written, texts, numbers, section)


def _dialect_of(path: Path, dialect: Dialect) -> Dialect:
    """Return the dialect of a file, whose suffix may say that tabs separate its values."""
    tabs = ".tsv" in path.name.lower()
    return dialect.model_copy(update={"separator": "\t"}) if tabs else dialect


def _read_csv_files(
    files: Sequence[CsvFile],
    texts: Collection[str] | None,
    numbers: Collection[str],
    section: DataSection,
) -> FileRows:
    """Return the rows of CSV files; a column that is text in one file is text in all."""
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
    frame = _join([(file.path, part) for file, part in zip(files, frames, strict=True)])
    if texts is None or section.features:
        return FileRows(frame, [])
    written = {str(name): column for name, column in frame.items() if column.dtype == TEXT}
    unused = {*section.drop, section.index}
    gaps = [name for name, each in written.items() if name not in unused and each.isna().any()]
    dialect, findings = files[0].dialect, []
    if gaps and section.missing is None:
        parts = [file.count_texts(gaps, dialect.missing[1:]) for file in files]
        counts = pd.concat(parts).groupby(level=0, sort=False).sum()
        findings = [_report_markers(name, counts[name]) for name in gaps if counts[name].any()]
    return FileRows(frame, findings, partial(_find_markers, files, dialect))


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


def _join(frames: Sequence[tuple[Path, pd.DataFrame]]) -> pd.DataFrame:
    """Return the rows of frames that have the same columns.

    Raises:
        InvalidInputError: a file has other columns than the first; they are named.
    """
    (first_path, first), *others = frames
    errors = []
    for path, frame in others:
        lacks = [str(name) for name in first.columns if name not in frame]
        more = [str(name) for name in frame.columns if name not in first]
        said = [
            f"{word} {', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}"
            for word, names in (("lacks", lacks), ("also has", more))
            if names
        ]
        if said:
            problem = f"other columns than {first_path.name}: {'; '.join(said)}"
            errors.append(FieldError(str(path), problem))
    if errors:
        raise InvalidInputError(errors)
    if not others:
        return first
    return pd.concat([frame[first.columns] for _, frame in frames], ignore_index=True)


def _mark_missing(frame: pd.DataFrame, dialect: Dialect, section: DataSection) -> FileRows:
    """Return a frame without the texts that stand for a missing value, types inferred anew."""
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
    return FileRows(frame.assign(**columns), findings, lambda: dialect.missing)

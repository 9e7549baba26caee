"""Texts in memory, and their tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...artifact import Artifact
from ...errors import InvalidDataError, InvalidInputError
from ...manifest import Feature
from ...tokens import TOKENIZER, Encoder, observe
from ..dataset import Files
from ..frames import with_names
from ..reading.frames import read_files
from ..reading.remedies import Finding, Remedy, counted, shorten
from ..reading.suggested import read_all
from ..sections import DataSection
from ..split_column import take_split_column
from ..table.findings import LEFT_OUT, find_alike, find_unlabelled
from ..table.inspection import Inspection
from ..table.roles import Roles

TEXT = "text"  # the column, and the field of a request
BATCH = 64
LISTED = 20  # columns, or rows, in an error
NO_TEXT = f"no {TEXT}; write one, or delete the row"


@dataclass(frozen=True)
class Texts:
    """Texts, one a row in the column "text", and the label of each.

    `inspection` says what each column of the data was taken for; `split_column` has the time or the
    group of each row, if the split is by one.
    """

    rows: pd.DataFrame
    target: pd.Series
    inspection: Inspection | None = None
    split_column: pd.Series | None = None

    pipeline_tag: ClassVar[str] = "text"
    missing: ClassVar[tuple[str, ...]] = ()  # "NA" may be what somebody wrote

    @classmethod
    def read(cls, section: DataSection) -> "Texts":
        """Read the files of `[data]`; every field is a text as it is written.

        Args:
            section: the files, how they are written, and the column with the labels.

        Raises:
            InvalidInputError: a file cannot be read, or as `from_frame`.
            TrainingError: a Parquet file cannot be read without pyarrow.
        """
        return read_all(cls._read, section)

    @classmethod
    def _read(cls, section: DataSection) -> "Texts":
        needed = {TEXT, section.target, section.split_column}
        found = read_files(section, section.dialect(cls.missing), texts=None, needed=needed)
        return cls.from_frame(
            found.frame,
            target=section.target,
            split_column=section.split_column,
            drop_missing_target=section.drop_missing_target,
        )

    @classmethod
    def read_csv(cls, path: Path, *, target: str) -> "Texts":
        """Read a CSV file with a header and commas; as `read` with nothing else stated.

        Args:
            path: of the file.
            target: the column with the labels.

        Raises:
            InvalidInputError: the file cannot be read, or as `from_frame`.
        """
        return cls.read(DataSection(path=path, target=target))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        target: str,
        split_column: str | None = None,
        drop_missing_target: bool = False,
    ) -> "Texts":
        """Take the texts and labels from a data frame.

        Args:
            frame: has a column "text".
            target: the column with the labels.
            split_column: the time or the group that the split is by.
            drop_missing_target: leave out rows without a label.

        Raises:
            InvalidDataError: a column is missing, there is no row, or rows have no text or label;
                each is named.
        """
        frame = with_names(frame)
        roles = Roles(target, text=TEXT, drop_missing_target=drop_missing_target)
        inspection = Inspection(frame, frame, None, roles, tuple(_find_faults(frame, roles)))
        if inspection.errors:
            raise InvalidDataError(inspection.errors, inspection)
        if drop_missing_target:
            inspection = inspection.take(~_is_empty(frame[target]))
            frame = inspection.frame
        times = None if split_column is None else take_split_column(frame, split_column, target)
        return cls(frame[[TEXT]].astype(str), frame[target], inspection, times)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.rows)

    @property
    def texts(self) -> list[str]:
        """Return the texts in their order."""
        return [str(text) for text in self.rows[TEXT]]

    def take(self, index: NDArray[np.int64]) -> "Texts":
        """Return the rows at `index`, of shape (n,)."""
        times = None if self.split_column is None else self.split_column.iloc[index]
        return Texts(self.rows.iloc[index], self.target.iloc[index], split_column=times)

    def describe(self) -> tuple[Feature, ...]:
        """Return the schema of a row: one text, and the lengths that training saw."""
        texts = sorted(self.texts, key=len)
        shortest, median, longest = texts[0], texts[len(texts) // 2], texts[-1]
        return (
            Feature(
                name=TEXT, dtype="text", minimum=len(shortest), maximum=len(longest), example=median
            ),
        )

    def batches(self, files: Files) -> Iterator[dict[str, NDArray[np.int64]]]:
        """Yield the graph's input tensors in batches of texts.

        Raises:
            InvalidInputError: the tokenizer cannot read texts, as the service could not.
        """
        encoder = Encoder(files[TOKENIZER])
        texts = self.texts
        for start in range(0, len(texts), BATCH):
            some = texts[start : start + BATCH]
            encoded = encoder.encode(some)
            if errors := encoded.errors(partial(_quote, some)):
                raise InvalidInputError(errors)
            yield encoded.tensors()

    def observations(self, files: Files) -> dict[str, NDArray[Any]]:
        """Return what is monitored for drift, none of it a text; each of shape (rows,)."""
        encoder = Encoder(files[TOKENIZER])
        tokens = [encoder.encode([text]).ids[0] for text in self.texts]
        return {**observe([len(text) for text in self.texts], tokens, encoder.unknown_id)}

    def reference(self, test: "Texts") -> "Texts":
        """Return the rows that drift is measured against: the test rows.

        The vocabulary was learnt from the training texts, in which no word is unknown.
        """
        return test

    def select(self, artifact: Artifact) -> "Texts":
        """Return the texts unchanged: a text model takes any."""
        del artifact
        return self


def _quote(texts: list[str], i: int) -> str:
    return shorten(texts[i])


def _find_faults(frame: pd.DataFrame, roles: Roles) -> Iterator[Finding]:
    """Yield which columns are missing, and which rows have no text or no label."""
    target = roles.target
    columns = ", ".join(map(str, frame.columns[:LISTED]))
    wanted = {
        TEXT: f'the column of the texts is "{TEXT}": rename yours in the file, or in data.py',
        target: "[data] target in config/training.toml names it",
    }
    unknown = [name for name in wanted if name not in frame.columns]
    for name in unknown:
        yield Finding(name, f"no such column; there are {columns}; {wanted[name]}")
    if unknown:
        return
    if frame.empty:
        yield Finding("data", "holds no rows")
    if alike := find_alike(target, frame[target]):
        yield alike
    without_text, without_label = (_is_empty(frame[name]) for name in (TEXT, target))
    if roles.drop_missing_target and without_label.any():
        yield find_unlabelled(frame[target].mask(without_label), dropped=True)
        without_text, without_label = without_text & ~without_label, without_label & False
    remedy = Remedy("drop_missing_target", target, when=LEFT_OUT)
    faults = [
        *(Finding(f"row {row}", NO_TEXT) for row in _numbers(without_text)),
        *(Finding(f"row {row}", f"no {target}", (remedy,)) for row in _numbers(without_label)),
    ]
    yield from faults[:LISTED]
    if len(faults) > LISTED:
        more = counted(len(faults) - LISTED, "more row")
        yield Finding("data", f"{more} without {TEXT} or {target}")


def _is_empty(column: pd.Series) -> pd.Series:
    """Return whether each value is missing or blank."""
    return column.isna() | (column.astype(str).str.strip() == "")


def _numbers(chosen: pd.Series) -> list[int]:
    """Return the numbers of the chosen rows, from 1 below the header."""
    return [int(place) + 1 for place in chosen.to_numpy(dtype=bool).nonzero()[0]]

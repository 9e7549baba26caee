"""The first seam: where your texts come from. Whatever `load` returns, the schema follows it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..artifact import Artifact, Content, Feature
from ..errors import Complaint, InvalidInputError
from ..tokens import TOKENIZER, Encoder, observe
from .sections import DataSection

MODALITY = "text"
TEXT = "text"  # the column, and the field of a request
BATCH = 64


@dataclass(frozen=True)
class Dataset:
    """Texts, one a row in the column "text", and what is to be told of each."""

    rows: pd.DataFrame
    target: pd.Series

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.rows)

    @property
    def texts(self) -> list[str]:
        """Return the texts in their order."""
        return [str(text) for text in self.rows[TEXT]]

    def take(self, index: NDArray[np.int64]) -> "Dataset":
        """Return the rows at `index`, of shape (n,)."""
        return Dataset(self.rows.iloc[index], self.target.iloc[index])


def load(section: DataSection) -> Dataset:
    """Read the texts; replace this function to read yours from somewhere else.

    Raises:
        InvalidInputError: the file cannot be read, lacks a column, or holds rows without a text
            or a label; everything that is wrong is named.
    """
    return check(read_csv(section.path), section.target)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file whose first line names the columns; every field is a text.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InvalidInputError([Complaint(str(path), f"cannot be read: {error}")]) from error


def check(table: pd.DataFrame, target: str) -> Dataset:
    """Take texts and labels out of a table, once each row has both.

    Raises:
        InvalidInputError: a column or every row is missing; rows lack a text or a label.
    """
    known = ", ".join(map(str, table.columns))
    wrong = [
        Complaint(name, f"no such column; there are {known}")
        for name in (TEXT, target)
        if name not in table.columns
    ]
    if wrong:
        raise InvalidInputError(wrong)
    if table.empty:
        raise InvalidInputError([Complaint("data", "holds no rows")])
    wrong = [
        Complaint(f"row {number}", f"no {name}")
        for name in (TEXT, target)
        for number, value in enumerate(table[name], start=1)
        if pd.isna(value) or not str(value).strip()
    ]
    if wrong:
        raise InvalidInputError(wrong)
    return Dataset(table[[TEXT]].astype(str), table[target])


def describe(dataset: Dataset) -> tuple[Feature, ...]:
    """Return the schema of a row: one text, and how long training saw it."""
    texts = sorted(dataset.texts, key=len)
    low, middle, high = texts[0], texts[len(texts) // 2], texts[-1]
    return (Feature(name=TEXT, kind="text", minimum=len(low), maximum=len(high), example=middle),)


def batches(
    dataset: Dataset, files: Mapping[str, Content]
) -> Iterator[dict[str, NDArray[np.int64]]]:
    """Yield the arrays that the graph takes, some texts at a time."""
    encoder = Encoder(files[TOKENIZER])
    texts = dataset.texts
    for start in range(0, len(texts), BATCH):
        yield encoder.encode(texts[start : start + BATCH]).feeds()


def typical(training: Dataset, test: Dataset) -> Dataset:
    """Return the texts that production is compared with: none that the vocabulary was made of.

    It knows every word of those, and of no others.
    """
    del training
    return test


def observations(dataset: Dataset, files: Mapping[str, Content]) -> dict[str, NDArray[Any]]:
    """Return what is watched for drift, none of it a text; each of shape (rows,)."""
    encoder = Encoder(files[TOKENIZER])
    tokens = [encoder.encode([text]).ids[0] for text in dataset.texts]
    return {**observe([len(text) for text in dataset.texts], tokens, encoder.unknown_id)}


def select(dataset: Dataset, found: Artifact) -> Dataset:
    """Return texts as an artifact's model takes them, which is as they are."""
    del found
    return dataset

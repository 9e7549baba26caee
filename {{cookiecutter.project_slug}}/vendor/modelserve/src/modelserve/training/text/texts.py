"""Texts in memory, and their tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...artifact import Artifact
from ...errors import FieldError, InvalidInputError
from ...manifest import Feature
from ...tokens import TOKENIZER, Encoder, observe
from ..dataset import Files

TEXT = "text"  # the column, and the field of a request
BATCH = 64


@dataclass(frozen=True)
class Texts:
    """Texts, one a row in the column "text", and the label of each."""

    rows: pd.DataFrame
    target: pd.Series

    pipeline_tag: ClassVar[str] = "text"

    @classmethod
    def read_csv(cls, path: Path, *, target: str) -> "Texts":
        """Read a CSV file with a header; every field is a text.

        Args:
            path: of the file.
            target: the column with the labels.

        Raises:
            InvalidInputError: the file cannot be read, or as `from_frame`.
        """
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise InvalidInputError([FieldError(str(path), f"cannot be read: {error}")]) from error
        return cls.from_frame(frame, target=target)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, target: str) -> "Texts":
        """Take the texts and labels from a data frame.

        Args:
            frame: has a column "text".
            target: the column with the labels.

        Raises:
            InvalidInputError: a column is missing, there is no row, or rows have no text or label;
                each is named.
        """
        columns = ", ".join(map(str, frame.columns))
        errors = [
            FieldError(name, f"no such column; there are {columns}")
            for name in (TEXT, target)
            if name not in frame.columns
        ]
        if errors:
            raise InvalidInputError(errors)
        if frame.empty:
            raise InvalidInputError([FieldError("data", "holds no rows")])
        errors = [
            FieldError(f"row {number}", f"no {name}")
            for name in (TEXT, target)
            for number, value in enumerate(frame[name], start=1)
            if pd.isna(value) or not str(value).strip()
        ]
        if errors:
            raise InvalidInputError(errors)
        return cls(frame[[TEXT]].astype(str), frame[target])

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.rows)

    @property
    def texts(self) -> list[str]:
        """Return the texts in their order."""
        return [str(text) for text in self.rows[TEXT]]

    def take(self, index: NDArray[np.int64]) -> "Texts":
        """Return the rows at `index`, of shape (n,)."""
        return Texts(self.rows.iloc[index], self.target.iloc[index])

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
        """Yield the graph's input tensors in batches of texts."""
        encoder = Encoder(files[TOKENIZER])
        texts = self.texts
        for start in range(0, len(texts), BATCH):
            yield encoder.encode(texts[start : start + BATCH]).tensors()

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

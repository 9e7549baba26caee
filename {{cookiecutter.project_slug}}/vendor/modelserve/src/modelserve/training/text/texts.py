"""Texts in memory, and the tokens that they become."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...artifact import Artifact, Feature
from ...errors import FieldError, InvalidInputError
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
        """Read a CSV file whose first line names the columns; every field is a text.

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
        """Take texts and labels out of a data frame, once each row has both.

        Raises:
            InvalidInputError: a column or every row is missing; rows lack a text or a label.
        """
        known = ", ".join(map(str, frame.columns))
        wrong = [
            FieldError(name, f"no such column; there are {known}")
            for name in (TEXT, target)
            if name not in frame.columns
        ]
        if wrong:
            raise InvalidInputError(wrong)
        if frame.empty:
            raise InvalidInputError([FieldError("data", "holds no rows")])
        wrong = [
            FieldError(f"row {number}", f"no {name}")
            for name in (TEXT, target)
            for number, value in enumerate(frame[name], start=1)
            if pd.isna(value) or not str(value).strip()
        ]
        if wrong:
            raise InvalidInputError(wrong)
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
        low, middle, high = texts[0], texts[len(texts) // 2], texts[-1]
        return (
            Feature(name=TEXT, dtype="text", minimum=len(low), maximum=len(high), example=middle),
        )

    def batches(self, files: Files) -> Iterator[dict[str, NDArray[np.int64]]]:
        """Yield the tensors that the graph takes, some texts at a time."""
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
        """Return the texts that production is compared with: none that the vocabulary was made of.

        It knows every word of those, and of no others.
        """
        return test

    def select(self, artifact: Artifact) -> "Texts":
        """Return texts as an artifact's model takes them, which is as they are."""
        del artifact
        return self

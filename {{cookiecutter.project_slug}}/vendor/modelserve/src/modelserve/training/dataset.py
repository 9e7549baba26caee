"""The protocol of a dataset, for tables and texts alike."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..artifact import Artifact, Content
from ..manifest import Feature

Files = Mapping[str, Content]


class Dataset(Protocol):
    """Rows of features, and the target of each; `Table` and `Texts` implement it.

    `pipeline_tag` is what the Hugging Face Hub calls the modality; `missing` are the texts that
    stand for a missing value where `[data]` names none.
    """

    pipeline_tag: ClassVar[str]
    missing: ClassVar[tuple[str, ...]]

    @property
    def rows(self) -> pd.DataFrame:
        """Return the features, a column each."""

    @property
    def target(self) -> pd.Series:
        """Return the values to predict, of shape (rows,)."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def take(self, index: NDArray[np.int64]) -> Self:
        """Return the rows at `index`, of shape (n,)."""

    def describe(self) -> tuple[Feature, ...]:
        """Return the schema of a row."""

    def batches(self, files: Files) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the graph's input tensors in batches of rows."""

    def observations(self, files: Files) -> dict[str, NDArray[Any]]:
        """Return what is monitored for drift, each of shape (rows,)."""

    def reference(self, test: Self) -> Self:
        """Return the rows that drift is measured against: these, or the test rows."""

    def select(self, artifact: Artifact) -> Self:
        """Return the columns that an artifact's model takes."""

"""The names of columns that config/training.toml has, read without what training needs."""

from pathlib import Path

from pydantic import BaseModel

from ..toml_file import read


class DataNames(BaseModel):
    """The keys of `[data]` that name the target."""

    target: str


class SplitNames(BaseModel):
    """The keys of `[split]` that name the time."""

    by: str = "random"
    column: str | None = None


class TrainingNames(BaseModel):
    """What is read of the file; everything else is ignored."""

    data: DataNames
    split: SplitNames = SplitNames()

    @property
    def time_column(self) -> str | None:
        """Return the column with the time that rows are split by."""
        return self.split.column if self.split.by == "time" else None


def read_names(config: Path) -> TrainingNames:
    """Return the names.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or names no target.
    """
    return read(config, TrainingNames)

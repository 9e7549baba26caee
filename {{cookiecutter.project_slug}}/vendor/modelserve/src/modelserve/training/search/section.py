"""`[search]`: which values of `[model]` are tried, and for how long."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, field_validator

from ..sections import Section

Values = list[Any] | dict[str, list[Any]]


class SearchSection(Section):
    """The values to try for keys of `[model]`, and the bounds of the search.

    `metric` is log_loss for a classifier and mae for a regressor where none is named. All
    combinations are tried, or `trials` of them at random; `seconds` bounds the time.
    """

    values: dict[str, Values] = Field(min_length=1)
    metric: str | None = None
    trials: int = Field(default=20, ge=1, le=1_000)
    folds: int = Field(default=3, ge=2, le=20)
    seconds: float = Field(default=300, gt=0)

    @field_validator("values")
    @classmethod
    def _check_lists(cls, values: dict[str, Values]) -> dict[str, Values]:
        if empty := [".".join(path) for path, each in flatten(values) if not each]:
            raise ValueError(f"{', '.join(empty)}: an empty list; write the values to try")
        return values


def flatten(values: Mapping[str, Values]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield each key of `[model]`, or of a table in it, with the values to try."""
    for key, given in values.items():
        if isinstance(given, list):
            yield (key,), given
        else:
            yield from (((key, inner), each) for inner, each in given.items())

"""Declare what the columns of the data may hold, and check data against it: schema.toml."""

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from pydantic import Field, model_validator

from ..answers import label_of
from ..errors import ConfigurationError, FieldError, InvalidInputError
from ..manifest import Dtype
from ..toml_file import read
from .config import Config
from .dataset import Dataset
from .reading.remedies import BARE, quote, shorten
from .sections import Section
from .table.columns import is_category

SCHEMA = "schema.toml"  # beside the training configuration
HEAD = """\
# What the columns of the data may hold. `train`, `evaluate` and `inspect-data` refuse data that
# violate it. The bounds are those of {source}: widen them to what is right; or delete this file.

version = 1
"""
LISTED = 3  # values in a violation


class ColumnSchema(Section):
    """What one column may hold; a bound that is left out is none.

    `minimum` and `maximum` bound a number, or the length of a text in characters; `max_missing` is
    the largest share of missing values of a nullable column.
    """

    dtype: Dtype
    nullable: bool = False
    max_missing: float = Field(default=1.0, ge=0, le=1)
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if "max_missing" in self.model_fields_set and not self.nullable:
            raise ValueError("max_missing needs nullable = true")
        if self.categories and self.dtype != "category":
            raise ValueError(f'categories need dtype = "category", not "{self.dtype}"')
        if self.dtype in ("category", "boolean") and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"minimum and maximum are for numbers and texts, not {self.dtype}")
        return self


class DataSchema(Section):
    """The columns of the data by their names, with the target among them."""

    version: Literal[1]
    columns: dict[str, ColumnSchema] = Field(min_length=1)


def schema_path(config: Config) -> Path | None:
    """Return where the schema of a configuration lies, or would lie; None without a file."""
    return config.file.path.with_name(SCHEMA) if config.file else None


def check_schema(dataset: Dataset, config: Config, *, only: Sequence[str] | None = None) -> None:
    """Check data against the schema beside the configuration, if there is one.

    Args:
        dataset: all rows.
        config: the target, the task, and the place of the schema.
        only: the columns that a model takes; the data may have others.

    Raises:
        ConfigurationError: the schema is invalid.
        InvalidInputError: the data violate it; every violation is named.
    """
    path = schema_path(config)
    if path is None or not path.is_file():
        return
    columns = read(path, DataSchema).columns
    if only is not None:
        kept = {*only, config.data.target}
        columns = {name: each for name, each in columns.items() if name in kept}
    if violations := [*_find_violations(dataset, config, columns)]:
        way_out = f"; edit {path.parent.name}/{path.name}, or the data"
        raise InvalidInputError(
            [FieldError(each.pointer, each.detail + way_out) for each in violations]
        )


def write_schema(dataset: Dataset, config: Config) -> Path:
    """Write what the columns of a dataset hold as its schema, to be edited.

    Args:
        dataset: all rows.
        config: the target, the task, and the place of the schema.

    Raises:
        ConfigurationError: there is a schema, or it cannot be written.
    """
    path = schema_path(config)
    if path is None:
        raise ConfigurationError("The configuration comes from no file: there is no place for it.")
    sections = [HEAD.format(source=_one_line(config.data.source))]
    for feature in dataset.describe():
        column = dataset.rows[feature.name]
        missing = ceil(100 * float(column.isna().mean())) / 100
        lines = [f"dtype = {quote(feature.dtype)}"]
        if feature.nullable:
            lines += ["nullable = true", f"max_missing = {missing:g}"]
        if feature.dtype not in ("category", "boolean"):
            whole = feature.dtype in ("integer", "text")
            lines += _range_lines(feature.minimum, feature.maximum, whole=whole)
        if feature.categories:
            lines.append(_categories_line(feature.categories))
        sections.append(_section(feature.name, lines))
    sections.append(_section(config.data.target, _target_lines(dataset.target, config)))
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write("\n".join(sections))
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists; delete it to write it anew.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error
    return path


def _target_lines(target: pd.Series, config: Config) -> list[str]:
    if config.task == "classifier":
        labels = sorted({label_of(value) for value in target.tolist()})
        return ['dtype = "category"', _categories_line(labels)]
    whole = bool(types.is_integer_dtype(target))
    dtype = "integer" if whole else "number"
    return [
        f'dtype = "{dtype}"',
        *_range_lines(float(target.min()), float(target.max()), whole=whole),
    ]


def _section(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"[columns.{name if BARE(name) else _quote(name)}]", *lines, ""])


def _range_lines(low: float | None, high: float | None, *, whole: bool) -> list[str]:
    return [
        f"{key} = {int(value) if whole else float(value)!r}"
        for key, value in (("minimum", low), ("maximum", high))
        if value is not None
    ]


def _categories_line(names: Sequence[str]) -> str:
    return f"categories = [{', '.join(map(_quote, names))}]"


def _quote(text: str) -> str:
    return quote(text).replace("\x7f", "\\u007f")  # which JSON allows as it is, and TOML does not


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _find_violations(
    dataset: Dataset, config: Config, columns: dict[str, ColumnSchema]
) -> Iterator[FieldError]:
    """Yield what of the data violates the schema, in the schema's order."""
    target = config.data.target
    present: dict[str, pd.Series] = {str(name): each for name, each in dataset.rows.items()}
    present[target] = dataset.target
    for name, schema in columns.items():
        if name not in present:
            yield FieldError(name, "no such column in the data, and the schema has it")
            continue
        column = present[name]
        if name == target and schema.dtype == "category":
            column = column.map(label_of).astype("str")
        for detail in _check_column(column, schema):
            yield FieldError(name or '""', detail)
    for name in present:
        if name not in columns:
            yield FieldError(name or '""', "is not in the schema")


def _check_column(column: pd.Series, schema: ColumnSchema) -> Iterator[str]:
    gaps = column.isna().to_numpy(dtype=bool)
    if gaps.any() and not schema.nullable:
        yield f"{_count(gaps, column)} missing, and nullable is false"
    elif (share := float(gaps.mean())) > schema.max_missing:
        yield f"{share:.1%} are missing, and max_missing is {schema.max_missing:.1%}"
    text = is_category(column)
    if text != (schema.dtype in ("category", "text")):
        yield f"holds {'text' if text else column.dtype}, and dtype is {schema.dtype}"
    elif schema.dtype == "category":
        yield from _check_categories(column, schema)
    elif types.is_bool_dtype(column) != (schema.dtype == "boolean"):
        yield f"holds {column.dtype}, and dtype is {schema.dtype}"
    elif schema.dtype != "boolean":
        numbers: pd.Series = column.astype(str).str.len() if text else column
        values: Any = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        yield from _check_numbers(values, column, schema)


def _check_categories(column: pd.Series, schema: ColumnSchema) -> Iterator[str]:
    if not schema.categories:
        return
    known = column.isin(schema.categories).to_numpy(dtype=bool)
    wrong = ~known & column.notna().to_numpy(dtype=bool)
    if wrong.any():
        names = pd.unique(column[wrong].astype(str))
        more = ", …" if len(names) > LISTED else ""
        listed = ", ".join(map(shorten, names[:LISTED]))
        yield f"{_count(wrong, column)} not in categories: {listed}{more}"


def _check_numbers(
    values: NDArray[np.float64], column: pd.Series, schema: ColumnSchema
) -> Iterator[str]:
    what = "length" if schema.dtype == "text" else "value"
    floors = np.floor(values)
    checks = [
        (values > floors, "with a fraction, and dtype is integer", schema.dtype == "integer"),
        (values < _or(schema.minimum, -np.inf), f"below minimum = {schema.minimum}", True),
        (values > _or(schema.maximum, np.inf), f"above maximum = {schema.maximum}", True),
    ]
    for wrong, problem, applies in checks:
        wrong = wrong & ~np.isnan(values)
        if applies and wrong.any():
            extreme: Any = values[wrong].min() if "below" in problem else values[wrong].max()
            yield f"{_count(wrong, column)} {problem}: the {what} {extreme:.12g}"


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound


def _count(wrong: NDArray[np.bool_], column: pd.Series) -> str:
    """Return how many rows are wrong, and the first of them, counted from 1 below the header."""
    label = column.index[int(wrong.argmax())]
    first = f"{label + 1}" if isinstance(label, int | np.integer) else shorten(label)
    count = int(wrong.sum())
    return f"{count} {'value' if count == 1 else 'values'} (the first in row {first})"

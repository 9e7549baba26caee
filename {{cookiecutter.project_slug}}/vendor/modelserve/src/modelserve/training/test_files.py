"""Append the rows of a given test set to those of the training data."""

from dataclasses import replace
from typing import Any

import pandas as pd

from ..errors import FieldError, InvalidInputError
from .dataset import Dataset


def append(dataset: Dataset, test: Dataset) -> Dataset:
    """Return the rows of both, with the columns of the first.

    Args:
        dataset: the rows of `[data] path`.
        test: the rows of `[data] test_path`.

    Raises:
        InvalidInputError: columns are missing in the test data, or are of another type there; each
            is named.
    """
    first: Any = dataset
    second: Any = test
    names = list(first.rows.columns)
    errors = [
        FieldError(str(name), "no such column in the test data")
        for name in names
        if name not in second.rows.columns
    ]
    if errors:
        raise InvalidInputError(errors)
    rows = pd.concat([first.rows, second.rows[names]], ignore_index=True)
    target = pd.concat([first.target, second.target], ignore_index=True)
    errors = [
        FieldError(
            str(name),
            f"is {first.rows[name].dtype} in the training data, and {second.rows[name].dtype} in "
            "the test data; write its type under [data.dtypes]",
        )
        for name in names
        if rows[name].dtype == object and first.rows[name].dtype != object
    ]
    if errors:
        raise InvalidInputError(errors)
    changes: dict[str, Any] = {"rows": rows, "target": target}
    if getattr(first, "split_column", None) is not None:
        changes["split_column"] = first.split_column.reindex(rows.index)
    if getattr(second, "split_column", None) is not None:
        both = [first.split_column, second.split_column]
        changes["split_column"] = pd.concat(both, ignore_index=True)
    inspections: list[Any] = [getattr(part, "inspection", None) for part in (first, second)]
    if all(inspections):
        frame = pd.concat([each.frame for each in inspections], ignore_index=True)
        changes["inspection"] = inspections[0]._replace(frame=frame)
    joined: Dataset = replace(first, **changes)
    return joined

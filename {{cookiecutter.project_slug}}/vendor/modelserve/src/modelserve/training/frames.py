"""Changes columns of a data frame, whatever their names are."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_columns(rows: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows with some columns replaced or added, in the order of `rows`.

    `DataFrame.assign` takes names as keywords, and none that is `self`.
    """
    changed = rows.copy(deep=False)
    for name, values in columns.items():
        changed[name] = values
    return changed

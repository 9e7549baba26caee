"""Where the rows come from: 406 cars with gaps, dates, and a text that is no category."""

import pandas as pd
from modelserve import DataSection, Table
from vega_datasets import local_data  # type: ignore[import-untyped]


def load(section: DataSection) -> Table:
    """Return the cars whose consumption is known, by what a dealer knows of them."""
    cars: pd.DataFrame = local_data.cars()
    cars["year"] = pd.to_datetime(cars.pop("Year")).dt.year
    known = cars.dropna(subset=[section.target]).drop(columns="Name")
    return Table.from_frame(known, target=section.target)

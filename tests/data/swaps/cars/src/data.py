"""Where the rows come from: 406 cars with gaps, dates, and a text that is no category."""

import pandas as pd
from modelserve import DataSection, Table


def load(section: DataSection) -> Table:
    """Return the cars whose consumption is known, by what a dealer knows of them."""
    from vega_datasets import local_data

    cars: pd.DataFrame = local_data.cars()
    cars = cars.dropna(subset=[section.target])
    year = pd.to_datetime(cars["Year"]).dt.year
    return Table.from_frame(cars.drop(columns=["Name", "Year"]).assign(year=year), target=section.target)

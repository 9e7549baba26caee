"""Where the rows come from: four years of weather, in five kinds of unequal frequency."""

import pandas as pd
from modelserve import DataSection, Table
from vega_datasets import local_data  # type: ignore[import-untyped]


def load(section: DataSection) -> Table:
    """Return the days, with the month in place of the date."""
    days: pd.DataFrame = local_data.seattle_weather()
    month = pd.to_datetime(days["date"]).dt.month_name()
    return Table.from_frame(days.drop(columns="date").assign(month=month), target=section.target)

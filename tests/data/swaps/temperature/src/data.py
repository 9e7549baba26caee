"""Where the rows come from: pairs of days, half of which grow colder."""

import pandas as pd
from modelserve import DataSection, Table
from vega_datasets import local_data  # type: ignore[import-untyped]


def load(section: DataSection) -> Table:
    """Return each day, yesterday's temperature, and the change until tomorrow."""
    days: pd.DataFrame = local_data.seattle_weather()
    days["change"] = days["temp_max"].shift(-1) - days["temp_max"]
    days["since_yesterday"] = days["temp_max"].diff()
    days = days.drop(columns=["date", "weather"]).dropna(subset=["change"])
    return Table.from_frame(days, target=section.target)

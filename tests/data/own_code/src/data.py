"""Where the rows come from: the flowers of the CSV file, each once."""

import pandas as pd
from modelserve import DataSection, Table

from .cleaning import drop_repeated


def load(section: DataSection) -> Table:
    """Return the flowers with their species."""
    return Table.from_frame(drop_repeated(pd.read_csv(section.path)), target=section.target)

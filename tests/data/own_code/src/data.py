"""Where the rows come from: the flowers of the CSV file, each once."""

from modelserve import DataSection, Table

from .cleaning import drop_repeated


def load(section: DataSection) -> Table:
    """Return the flowers with their species."""
    return Table.from_frame(drop_repeated(Table.read_frame(section)), section)

"""Where the rows come from: the Palmer penguins, with their missing values."""

from modelserve import DataSection, Table
from palmerpenguins import load_penguins


def load(section: DataSection) -> Table:
    """Return 344 penguins; eleven lack their sex, two of them every measurement."""
    return Table.from_frame(load_penguins(), target=section.target)

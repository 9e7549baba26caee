"""Where the rows come from: the Palmer penguins, with their missing values."""

from modelserve import DataSection, Table


def load(section: DataSection) -> Table:
    """Return 344 penguins; eleven lack their sex, two of them every measurement."""
    from palmerpenguins import load_penguins

    return Table.from_frame(load_penguins(), target=section.target)

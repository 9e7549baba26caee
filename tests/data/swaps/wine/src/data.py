"""Where the rows come from: the wines of scikit-learn, labelled by the numbers 0 to 2."""

from modelserve import DataSection, Table
from sklearn.datasets import load_wine


def load(section: DataSection) -> Table:
    """Return the wines that scikit-learn ships."""
    return Table.from_frame(load_wine(as_frame=True).frame, target=section.target)

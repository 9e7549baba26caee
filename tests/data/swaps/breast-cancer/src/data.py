"""Where the rows come from: thirty columns with spaces in their names, and two labels."""

from modelserve import DataSection, Table
from sklearn.datasets import load_breast_cancer


def load(section: DataSection) -> Table:
    """Return the tumours that scikit-learn ships, with their labels' names."""
    bunch = load_breast_cancer(as_frame=True)
    names = bunch.target.map(dict(enumerate(bunch.target_names)))
    return Table.from_frame(bunch.data.assign(diagnosis=names), target=section.target)

"""How the cells of a file are written: missing values, decimal and thousands separators."""

from collections.abc import Sequence

from ..manifest import Dialect, Feature

POINT = "."


class CellReader:
    """Rewrites a column's cells: "" for a missing value, and numbers with a decimal point.

    Args:
        dialect: of the file, from the manifest.
    """

    def __init__(self, dialect: Dialect) -> None:
        """Prepare the replacements."""
        self._missing = frozenset(dialect.missing) - {""}
        removed = {dialect.thousands: None} if dialect.thousands else {POINT: dialect.decimal}
        pairs = removed | {dialect.decimal: POINT}
        self._numbers = (
            str.maketrans(pairs) if dialect.decimal != POINT or dialect.thousands else None
        )

    def read(self, feature: Feature, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells of one field as the model's schema reads them."""
        if self._missing and not self._missing.isdisjoint(cells):
            cells = ["" if cell in self._missing else cell for cell in cells]
        if self._numbers and feature.dtype in ("number", "integer"):
            cells = [cell.translate(self._numbers) for cell in cells]
        return cells

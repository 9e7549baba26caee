"""How the cells of a file are written: missing values, decimal and thousands separators."""

from collections.abc import Iterator, Sequence

from ..manifest import Feature, Manifest
from ..thousands import WHERE, make_check

POINT = "."
NUMBERS = ("number", "integer")
LONGEST = 60  # characters of a cell in a problem


class CellReader:
    """Rewrites a column's cells: "" for a missing value, and numbers with a decimal point.

    Args:
        manifest: of the model, which has the fields and the dialect.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Prepare the replacements."""
        dialect = manifest.data.dialect
        self._missing = {
            each.name: manifest.missing_texts(each) - {""} for each in manifest.features
        }
        self._thousands = dialect.thousands
        self._is_misplaced = make_check(dialect.thousands or POINT, dialect.decimal)
        removed = {dialect.thousands: None} if dialect.thousands else {POINT: dialect.decimal}
        pairs = removed | {dialect.decimal: POINT}
        self._numbers = (
            str.maketrans(pairs) if dialect.decimal != POINT or dialect.thousands else None
        )

    def read(self, feature: Feature, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells of one field as the model's schema reads them."""
        missing = self._missing[feature.name]
        if missing and not missing.isdisjoint(cells):
            cells = ["" if cell in missing else cell for cell in cells]
        if self._numbers and feature.dtype in NUMBERS:
            cells = [cell.translate(self._numbers) for cell in cells]
        return cells

    def find_problems(self, feature: Feature, cells: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Yield the place of each cell with a thousands separator elsewhere, and the problem."""
        sign, missing = self._thousands, self._missing[feature.name]
        if not sign or feature.dtype not in NUMBERS:
            return
        for place, cell in enumerate(cells):
            if sign in cell and cell not in missing and self._is_misplaced(cell):
                where = WHERE.format(sign=repr(sign))
                yield place, f"{feature.name}: {cell[:LONGEST]!r} is no number {where}"

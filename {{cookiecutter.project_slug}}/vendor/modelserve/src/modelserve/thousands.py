"""Tell a sign that separates thousands from one that stands elsewhere in a number."""

import re
from collections.abc import Callable

WHERE = "where {sign} separates thousands: three digits must follow each"


def make_check(thousands: str, decimal: str) -> Callable[[str], bool]:
    """Return whether a text has the sign, but not between groups of three digits.

    A parser that removes the sign would read 384.3 as 3843.

    Args:
        thousands: the sign.
        decimal: the sign before a fraction.
    """
    sign, point = re.escape(thousands), re.escape(decimal)
    is_grouped = re.compile(
        rf"[+-]?[1-9]\d{{0,2}}({sign}\d{{3}})+({point}\d*)?(e[+-]?\d+)?", re.IGNORECASE
    ).fullmatch

    def is_misplaced(text: str) -> bool:
        stripped = text.strip()
        return thousands in stripped and not is_grouped(stripped)

    return is_misplaced

"""Formats counts, shares, times and names for readers."""

from datetime import UTC, datetime
from math import isfinite
from unicodedata import east_asian_width

UNKNOWN = "\u2013"  # a dash for a missing figure
MINUS = "\u2212"  # as wide as a plus
SPACE = "\u00a0"  # keeps a number and its unit on one line
JOINERS = "\u200c\u200d"  # not printable, but some scripts need them


def thousands(count: int) -> str:
    """Return a count with thousands separators."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """Return a count of things, such as "1 row" or "2,000 rows"."""
    return f"{count:,}{SPACE}{noun}{'' if count == 1 else 's'}"


def percent(value: float | None) -> str:
    """Return a share as a percentage; only an exact 0 or 1 becomes 0 or 100 %."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if 0 < value < 0.001:
        return f"under 0.1{SPACE}%"
    if 0.999 < value < 1:
        return f"over 99.9{SPACE}%"
    return f"{100 * value:.{0 if value in (0, 1) else 1}f}{SPACE}%"


def round_percent(value: float) -> str:
    """Return a round share, for an axis."""
    return f"{100 * value:g}{SPACE}%"


def number(value: float | None, *, digits: int = 4) -> str:
    """Return a number of any size, a small one to some significant digits."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if 10_000 <= abs(value) < 1e9:
        return f"{value:,.0f}".replace("-", MINUS)
    short = f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return short.replace("-", MINUS)


def figure(value: float | None) -> str:
    """Return a metric to four significant digits, aligned in a column."""
    if value is None or not isfinite(value) or abs(value) >= 1000:
        return number(value)
    return f"{value:#.4g}".replace("-", MINUS)


def interval(ends: tuple[float, float] | None, *, shares: bool = False) -> str:
    """Return both ends of an interval, as percentages if they are shares."""
    if ends is None:
        return UNKNOWN
    low, high = ends
    if shares:
        return f"{100 * low:.1f} to {100 * high:.1f}{SPACE}%".replace("-", MINUS)
    return f"{figure(low)} to {figure(high)}"


def decimals(value: float | None) -> str:
    """Return a small number to three decimals, aligned in a column."""
    return UNKNOWN if value is None or not isfinite(value) else f"{value:.3f}"


def change(value: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", MINUS)


def p_value(p: float | None) -> str:
    """Return a p-value to three decimals."""
    return "under 0.001" if p is not None and p < 0.001 else decimals(p)


def moment(when: datetime) -> str:
    """Return a time to the minute, in UTC."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def clip(name: str, width: int) -> str:
    """Return any text on one line of at most `width` letters, with printable characters only.

    A text from outside may hold line breaks, marks that change the writing direction, or lone
    surrogates, which cannot be encoded.
    """
    line = " ".join(
        "".join(
            letter if letter.isprintable() or letter.isspace() or letter in JOINERS else "\ufffd"
            for letter in name[: 4 * width]
        ).split()
    )
    room, clipped = width, ""
    for letter in line:
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return clipped[:-1].rstrip() + "…"
        clipped += letter
    return clipped if len(name) <= 4 * width else clipped + "…"

"""How counts, shares, times and names are written for a person."""

from datetime import UTC, datetime
from math import isfinite
from unicodedata import east_asian_width

UNKNOWN = "\u2013"  # a dash stands for a figure that there is none of
MINUS = "\u2212"  # as wide as a plus
SPACE = "\u00a0"  # keeps a number and its unit on one line
JOINERS = "\u200c\u200d"  # not printable, but some scripts cannot be written without


def count(number: int) -> str:
    """Return a count with its thousands apart."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """Return a count of things, such as "1 row" or "2,000 rows"."""
    return f"{number:,}{SPACE}{noun}{'' if number == 1 else 's'}"


def percent(value: float | None) -> str:
    """Return a share as a percentage that is 0 or 100 only where it is exactly that."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if 0 < value < 0.001:
        return f"under 0.1{SPACE}%"
    if 0.999 < value < 1:
        return f"over 99.9{SPACE}%"
    return f"{100 * value:.{0 if value in (0, 1) else 1}f}{SPACE}%"


def round_percent(value: float) -> str:
    """Return a round share, such as stands at an axis."""
    return f"{100 * value:g}{SPACE}%"


def number(value: float | None, *, digits: int = 4) -> str:
    """Return a number of any size, to some significant digits where it is small."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if 10_000 <= abs(value) < 1e9:
        return f"{value:,.0f}".replace("-", MINUS)
    short = f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return short.replace("-", MINUS)


def figure(value: float | None) -> str:
    """Return a measured figure to four significant digits, so that a column of them is aligned."""
    if value is None or not isfinite(value) or abs(value) >= 1000:
        return number(value)
    return f"{value:#.4g}".replace("-", MINUS)


def decimals(value: float | None) -> str:
    """Return a small number to three decimals, so that a column of them is aligned."""
    return UNKNOWN if value is None or not isfinite(value) else f"{value:.3f}"


def chance(p: float | None) -> str:
    """Return a probability that is as good as none below a thousandth."""
    return "under 0.001" if p is not None and p < 0.001 else decimals(p)


def moment(when: datetime) -> str:
    """Return a time to the minute, in UTC."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def listed(names: list[str], most: int = 5) -> str:
    """Return names as a sentence lists them, the last ones as a number where they are many."""
    if (rest := len(names) - most) > 0:
        names = [*names[:most], f"{rest} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def clip(name: str, width: int) -> str:
    """Return any text on one line that is at most so many letters wide, with only what shows.

    A text from elsewhere may hold line breaks, marks that turn the writing direction, or halves of
    characters, which no file can keep.
    """
    shown = " ".join(
        "".join(
            letter if letter.isprintable() or letter.isspace() or letter in JOINERS else "\ufffd"
            for letter in name[: 4 * width]
        ).split()
    )
    room, kept = width, ""
    for letter in shown:
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return kept[:-1].rstrip() + "…"
        kept += letter
    return kept if len(name) <= 4 * width else kept + "…"

"""Writes counts, shares, times and sentences as the readers of one language do."""

import re
from datetime import UTC, datetime
from math import isfinite
from unicodedata import east_asian_width

from ...translation import FIELD, UNKNOWN, Catalogue, write_number

MINUS = "\u2212"  # as wide as a plus
SPACE = "\u00a0"  # keeps a number and its unit on one line
JOINERS = "\u200c\u200d"  # not printable, but some scripts need them
VARIABLE = re.compile(r"%\((\w+)\)s")
WHITESPACE = re.compile(r"[ \n]+")


class Wording:
    """The report's language: its sentences, and how it writes figures and times.

    Args:
        catalogue: the sentences.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        """Keep the catalogue."""
        self.catalogue = catalogue
        self.english = catalogue.locale == "en"
        self.percent_sign = f"{SPACE}%" if self.english else "%"

    def text(self, sentence: str, **values: object) -> str:
        """Return a sentence of the report with its values."""
        return self.catalogue.text(sentence, **values)

    def message(self, message: str) -> str:
        """Return a finished English text, such as a violation's description."""
        return self.catalogue.message(message)

    def gettext(self, sentence: str) -> str:
        """Return a sentence of a template, in which %(name)s stands for a value, as in gettext."""
        translation = self.catalogue.sentences.get(catalogue_key(sentence))
        if translation is None:
            return sentence
        return FIELD.sub(r"%(\1)s", translation.replace("%", "%%"))

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        """Return the sentence of a template for a count, %(num)s, which keeps to its noun."""
        sentence = self.gettext(singular if num == 1 else plural)
        count = self.thousands(num)
        return sentence.replace("%(num)s ", count + SPACE).replace("%(num)s", count)

    def thousands(self, count: int) -> str:
        """Return a count with thousands separators."""
        return self._local(f"{count:,}")

    def plural(self, count: int, noun: str) -> str:
        """Return a count of things, such as "1 row" or "2,000 rows"; none has the plural."""
        word = self.text(noun if count == 1 else f"{noun}s")
        return f"{self.thousands(count)}{SPACE}{word}"

    def percent(self, value: float | None) -> str:
        """Return a share as a percentage; only an exact 0 or 1 becomes 0 or 100 %."""
        if value is None or not isfinite(value):
            return UNKNOWN
        if 0 < value < 0.001:
            return f"{self.text('under')} {self._local('0.1')}{self.percent_sign}"
        if 0.999 < value < 1:
            return f"{self.text('over')} {self._local('99.9')}{self.percent_sign}"
        digits = 0 if value in (0, 1) else 1
        return f"{self._local(f'{100 * value:.{digits}f}')}{self.percent_sign}"

    def round_percent(self, value: float) -> str:
        """Return a round share, for an axis."""
        return f"{self._local(f'{100 * value:g}')}{self.percent_sign}"

    def number(self, value: float | None, *, digits: int = 4) -> str:
        """Return a number of any size, its fraction to some significant digits."""
        return self._local(write_number(value, digits=digits))

    def figure(self, value: float | None) -> str:
        """Return a metric to four significant digits, aligned in a column."""
        if value is None or not isfinite(value) or abs(value) >= 999.95:
            return self.number(value)
        return self._local(f"{value:#.4g}")

    def span(self, low: str, high: str) -> str:
        """Return two ends, such as "4.8 to 5"."""
        return f"{low} {self.text('to')} {high}"

    def interval(self, ends: tuple[float, float] | None, *, shares: bool = False) -> str:
        """Return both ends of an interval, as percentages if they are shares."""
        if ends is None:
            return UNKNOWN
        if shares:
            low, high = (self._local(f"{100 * end:.1f}") for end in ends)
            return f"{self.span(low, high)}{self.percent_sign}"
        return self.span(*map(self.figure, ends))

    def decimals(self, value: float | None) -> str:
        """Return a small number to three decimals, aligned in a column."""
        return UNKNOWN if value is None or not isfinite(value) else self._local(f"{value:.3f}", "-")

    def change(self, value: float) -> str:
        """Return a difference of shares in percentage points, with its sign."""
        return self._local(f"{100 * value:+.1f}")

    def p_value(self, p: float | None) -> str:
        """Return a p-value to three decimals."""
        if p is not None and p < 0.001:
            return f"{self.text('under')} {self._local('0.001')}"
        return self.decimals(p)

    def day(self, when: datetime) -> str:
        """Return a day without its year."""
        return f"{when.day} {when:%b}" if self.english else f"{when:%d/%m}"

    def moment(self, when: datetime) -> str:
        """Return a time to the minute, in UTC."""
        utc = when.astimezone(UTC)
        return f"{self.day(utc)}{' ' if self.english else '/'}{utc:%Y, %H:%M} UTC"

    def _local(self, numeral: str, minus: str = MINUS) -> str:
        """Return a numeral with the language's separators."""
        return self.catalogue.numeral(numeral.replace("-", minus))


def catalogue_key(sentence: str) -> str:
    """Return the key in the catalogue for a sentence of a template."""
    plain = VARIABLE.sub(r"{\1}", sentence).replace("%%", "%")
    return WHITESPACE.sub(" ", plain).strip()


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

"""Translates what users read: the catalogues of locales/, by the English sentence."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from math import isfinite
from typing import Literal, NamedTuple, get_args

Locale = Literal["en", "pt-BR"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
FIELD = re.compile(r"\{(\w+)\}")
LETTER = re.compile(r"[^\W\d_]")
INNER = "error"  # the field whose value is a message of its own, such as a parser's
LONGEST = 10_000  # characters: longer messages, which quote a request, stay English
UNKNOWN = "\u2013"  # a dash for a missing figure
LARGE = 1e12  # from here on, a number has an exponent
SEPARATORS = str.maketrans(",.", ".,")
DIGITS = re.compile(r"\d{16,}")  # more than a person reads
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
NUMERAL = re.compile(
    r"-?(?:\d{1,400}|\d{1,3}(?:,\d{3}){1,5})(?:\.\d{1,400})?"
    r"(?:e[+-]?\d+| \u00d7 10[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?%?"
)
# The fields of finished messages that hold amounts. Other numerals are a place, a code or a name.
AMOUNTS = frozenset(
    (
        *("actual_length", "count", "critical", "decimal_places", "degraded", "ge", "gt", "high"),
        *("le", "length", "limit", "limit_bytes", "limit_s", "low", "lt", "max_digits"),
        *("max_length", "max_rows", "max_tokens", "min_length", "most", "multiple_of", "n", "psi"),
        *("reference", "rows", "runs", "share", "sum", "threshold", "timeout_s", "training"),
        *("value", "whole_digits", "width"),
    )
)


class Catalogue:
    """The sentences of one language.

    Args:
        locale: of the language.
        sentences: their translations; of English, none. A field such as {rows} stands for a value.
    """

    def __init__(self, locale: Locale, sentences: Mapping[str, str]) -> None:
        """Keep the sentences."""
        self.locale, self.sentences = locale, sentences

    def text(self, sentence: str, **values: object) -> str:
        """Return a sentence with its values; one without a translation stays English."""
        amounts = {
            name: self.numeral(f"{value:,}")
            for name, value in values.items()
            if name in AMOUNTS and isinstance(value, int) and self.locale != "en"
        }
        return self.sentences.get(sentence, sentence).format_map(values | amounts)

    def numeral(self, english: str) -> str:
        """Return an English numeral with the language's separators."""
        return english if self.locale == "en" else english.translate(SEPARATORS)

    def message(self, message: str) -> str:
        """Return a message whose values are already in it, such as an error's.

        Libraries make messages, too, so that only the finished text can be looked up. The time is
        linear in its length, for it may quote a request. The value of {error} is translated, too,
        and amounts get the language's separators.
        """
        if not self.sentences or len(message) > LONGEST:
            return message
        translation, values = self._look_up(message)
        if INNER in values:
            values[INNER] = _fill(*self._look_up(values[INNER]))
        return _fill(translation, values)

    def _amount(self, field: str, value: str) -> str:
        """Return the value of a field, with the language's separators if it is an amount."""
        if field not in AMOUNTS or not NUMERAL.fullmatch(value):
            return value
        is_whole = value.removeprefix("-").isdecimal()
        return self.numeral(f"{int(value):,}" if is_whole else value)

    def _look_up(self, message: str) -> tuple[str, dict[str, str]]:
        """Return the translation of a message, and the values of its fields."""
        if translation := self.sentences.get(message):
            return translation, {}
        for pattern in self._patterns.get(message.partition(" ")[0], self._patterns[""]):
            if (values := pattern.match(message)) is not None:
                return pattern.translation, {
                    name: self._amount(name, values[name]) for name in values
                }
        return message, {}

    @cached_property
    def _patterns(self) -> "dict[str, list[MessagePattern]]":
        """Return the sentences that have fields by their first word, those with most words first.

        Those that begin with a field are among those of every word, and alone under "".
        """
        patterns: dict[str, list[MessagePattern]] = {"": []}
        for sentence, translation in self.sentences.items():
            parts = FIELD.split(sentence)
            pattern = MessagePattern(tuple(parts[::2]), tuple(parts[1::2]), translation)
            if pattern.fields and LETTER.search("".join(pattern.literals)):
                word, space, _ = parts[0].partition(" ")
                patterns.setdefault(word if space else "", []).append(pattern)
        anywhere = patterns.pop("")
        return {"": _sorted(anywhere)} | {
            word: _sorted(several + anywhere) for word, several in patterns.items()
        }


class MessagePattern(NamedTuple):
    """A sentence with fields: the literals around them, one more than fields, any of them empty."""

    literals: tuple[str, ...]
    fields: tuple[str, ...]
    translation: str

    def match(self, message: str) -> dict[str, str] | None:
        """Return the values of the fields in a message; None if it is another sentence.

        Each field ends where the next literal occurs first. If that finds no match, none exists: so
        nothing is tried twice, as a regular expression would.
        """
        first, *between, last = self.literals
        if not (message.startswith(first) and message.endswith(last)):
            return None
        start, end = len(first), len(message) - len(last)
        values = []
        for literal in between:
            if (place := message.find(literal, start, end)) < 0:
                return None
            values.append(message[start:place])
            start = place + len(literal)
        if start > end:
            return None
        values.append(message[start:end])
        return dict(zip(self.fields, values, strict=True))


ENGLISH = Catalogue("en", {})


def load_catalogue(locale: Locale) -> Catalogue:
    """Return the catalogue of a language that `Locale` names."""
    if locale == "en":
        return ENGLISH
    text = files(__package__).joinpath("locales", f"{locale}.json").read_text(encoding="utf-8")
    return Catalogue(locale, json.loads(text))


def write_number(value: float | None, *, digits: int = 4) -> str:
    """Return a number in English: of a fraction some significant digits, of an integer all.

    A number so large that it has an exponent is rounded, too; a missing one is a dash.
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    if 10_000 <= abs(value) + 0.5 < LARGE:
        return f"{value:,.0f}"
    short = f"{value + 0.0:.{digits}g}"  # -0 is 0
    return short.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def with_powers(message: str) -> str:
    """Return a message with a power of ten in the place of each whole number of many digits."""

    def rounded(digits: re.Match[str]) -> str:
        mantissa, _, exponent = f"{Decimal(digits[0]):.1e}".partition("e+")
        return f"{mantissa} \u00d7 10{exponent.translate(RAISED)}"

    return DIGITS.sub(rounded, message)


def _sorted(patterns: Iterable[MessagePattern]) -> list[MessagePattern]:
    """Return patterns, those with most words first."""
    return sorted(patterns, key=lambda each: -sum(map(len, each.literals)))


def _fill(sentence: str, values: Mapping[str, str]) -> str:
    """Return a sentence with the values of its fields; other braces stay."""
    return FIELD.sub(lambda field: values.get(field[1], field[0]), sentence)

"""Translates what users read: the catalogues of locales/, by the English sentence."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

Locale = Literal["en", "pt-BR"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
FIELD = re.compile(r"\{(\w+)\}")
LETTER = re.compile(r"[^\W\d_]")
INNER = "error"  # the field whose value is a message of its own, such as a parser's
LONGEST = 10_000  # characters: longer messages, which quote a request, stay English


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
        return self.sentences.get(sentence, sentence).format_map(values)

    def message(self, message: str) -> str:
        """Return a message whose values are already in it, such as an error's.

        Libraries make messages, too, so that only the finished text can be looked up. The time is
        linear in its length, for it may quote a request. The value of {error} is translated, too.
        """
        if not self.sentences or len(message) > LONGEST:
            return message
        translation, values = self._look_up(message)
        if INNER in values:
            values[INNER] = _fill(*self._look_up(values[INNER]))
        return _fill(translation, values)

    def _look_up(self, message: str) -> tuple[str, dict[str, str]]:
        """Return the translation of a message, and the values of its fields."""
        if translation := self.sentences.get(message):
            return translation, {}
        for pattern in self._patterns.get(message.partition(" ")[0], self._patterns[""]):
            if (values := pattern.match(message)) is not None:
                return pattern.translation, values
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


def _sorted(patterns: Iterable[MessagePattern]) -> list[MessagePattern]:
    """Return patterns, those with most words first."""
    return sorted(patterns, key=lambda each: -sum(map(len, each.literals)))


def _fill(sentence: str, values: Mapping[str, str]) -> str:
    """Return a sentence with the values of its fields; other braces stay."""
    return FIELD.sub(lambda field: values.get(field[1], field[0]), sentence)

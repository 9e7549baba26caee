"""Each catalogue translates every sentence that a user may read, and no other."""

import json
import re

import pytest
from modelserve.translation import FIELD, LOCALES, Catalogue, load_catalogue

from tests.engine.catalogue_sources import all_sentences
from tests.engine.library_messages import (
    parser_sentences,
    pydantic_sentences,
    value_sentences,
)
from tests.engine.sentences import PACKAGE, blank, error_sentences, sentences_of

TRANSLATED = tuple(locale for locale in LOCALES if locale != "en")
# No word of Portuguese; names of fields and settings are written otherwise.
ENGLISH = re.compile(r"\b(the|is|are|of|or|and|should|body|input|with|has|more|than|this)\b", re.I)


@pytest.fixture(params=TRANSLATED)
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    """Return each language's in turn."""
    return load_catalogue(request.param)


def sources() -> dict[str, str]:
    """Return every sentence, and where it comes from.

    Those of finished messages have {} in the place of fields, whose names only a catalogue gives.
    """
    found = dict.fromkeys(all_sentences(), "the page or the report")
    found |= {blank(each): "pydantic" for each in pydantic_sentences()}
    found |= dict.fromkeys([*parser_sentences(), *value_sentences()], "a parser")
    return found | {each.text: each.place for each in error_sentences()}


def test_a_catalogue_has_every_sentence(catalogue: Catalogue) -> None:
    blanks = {blank(each) for each in catalogue.sentences}
    missing = [
        f"{place}: {sentence}"
        for sentence, place in sources().items()
        if sentence not in catalogue.sentences and not ("{}" in sentence and sentence in blanks)
    ]
    assert not missing, f"{catalogue.locale}.json lacks:\n" + "\n".join(missing)


def test_a_catalogue_has_no_sentence_that_nothing_says(catalogue: Catalogue) -> None:
    said = sources()
    stale = [each for each in catalogue.sentences if each not in said and blank(each) not in said]
    assert not stale, f"{catalogue.locale}.json holds too much:\n" + "\n".join(stale)


def test_a_translation_has_the_fields_of_its_sentence(catalogue: Catalogue) -> None:
    for sentence, translation in catalogue.sentences.items():
        assert set(FIELD.findall(sentence)) == set(FIELD.findall(translation)), sentence
        assert translation.strip() == translation != "", sentence


def test_a_catalogue_is_sorted_and_names_no_sentence_twice(catalogue: Catalogue) -> None:
    path = PACKAGE / "locales" / f"{catalogue.locale}.json"
    pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert [sentence for sentence, _ in pairs] == sorted(catalogue.sentences)


def test_every_message_to_a_client_is_found_by_its_text(catalogue: Catalogue) -> None:
    finished = [*parser_sentences(), *value_sentences(), *map(blank, pydantic_sentences())]
    finished += [blank(each.text) for each in error_sentences()]
    for sentence in finished:
        message = sentence.replace("{}", "7")
        translation = catalogue.message(message)
        assert translation != message
        assert not ENGLISH.search(translation), translation


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param('raise MalformedError("It is cut off.")', ["It is cut off."], id="text"),
        pytest.param(
            'raise TooLargeError(f"It has {len(rows)} rows.")', ["It has {} rows."], id="value"
        ),
        pytest.param(
            'def f(n):\n    s = "" if n == 1 else "s"\n    raise ModelError(f"{n} row{s}")',
            ["{} row", "{} rows"],
            id="word",
        ),
        pytest.param('FieldError("/a", "is odd")', ["is odd"], id="field"),
        pytest.param('PHRASES = {"a": "is odd"}', ["is odd"], id="mapping"),
        pytest.param('raise ConfigurationError("No port.")', [], id="operator"),
    ],
)
def test_sentences_are_read_from_the_sources(source: str, expected: list[str]) -> None:
    assert [each.text for each in sentences_of(source, "a.py")] == expected


def test_a_value_is_kept_as_it_is(catalogue: Catalogue) -> None:
    body = "The body is no valid JSON: expected `,` or `}` at line 1 column {rows}."
    assert catalogue.message(body).endswith("`,` ou um `}` na linha 1, coluna {rows}.")
    assert "{error}" in catalogue.message("There is no {error} here; x, version 1, is served.")


def test_the_message_within_a_message_is_translated(catalogue: Catalogue) -> None:
    message = catalogue.message("Input should be a valid date or datetime, input is too short")
    assert message.endswith(": o texto é curto demais")


def test_an_unknown_message_stays_as_it_is(catalogue: Catalogue) -> None:
    for message in ("", "Wait.", "The body is no valid", "x" * 1_000_000):
        assert catalogue.message(message) == message


def test_the_sentence_with_most_words_is_taken(catalogue: Catalogue) -> None:
    few, many = "should be FP32", "should be finite and within FP32's reach"
    assert catalogue.message(few) == "deve ser FP32"
    assert catalogue.message(many) == "deve ser finito e caber em FP32"

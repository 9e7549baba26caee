"""The sources of the catalogues see every sentence of the page and of the report."""

import re
from importlib.resources import files

import pytest
from modelserve import serving
from modelserve.serving import playground
from modelserve.translation import FIELD, LOCALES, load_catalogue

from tests.engine.catalogue_sources import all_sentences, page_sentences, report_sentences

# Words of HTML, HTTP and curl in the scripts.
TECHNICAL = {"use strict", "field wide", "Content-Type", "Retry-After", "curl "}
MARKUP = re.compile(r"<[^>]*>|&\w+;|`")


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_a_translation_keeps_the_markup(locale: str) -> None:
    sentences = load_catalogue(locale).sentences
    for sentence in all_sentences() & sentences.keys():
        assert sorted(MARKUP.findall(sentences[sentence])) == sorted(MARKUP.findall(sentence))


def test_sentences_of_every_kind_are_seen() -> None:
    assert {
        "Many rows",  # of the page's HTML
        "This form needs JavaScript, which is in the page itself. Without it, POST to the "
        "prediction route as the documentation shows.",
        "not a number",  # of a script
        *("{n} row not answered", "{n} rows not answered"),
        "balanced accuracy",  # of the manifest
    } <= page_sentences()
    assert {
        "Over time",  # of a template
        *("{num} line could not be read.", "{num} lines could not be read."),
        *("row", "rows", "violation", "violations"),
        "In the rows since {moment}. What to do:",
        "Critical PSI",  # of a module
        "too few rows",  # of a verdict
        "Error ratio",  # of a measure
        "overestimated share",  # of a metric of production alone
        "distinct share",  # of a text
        "confidence",  # of a prediction
    } <= report_sentences()


def test_a_sentence_with_values_is_no_pattern_of_other_texts() -> None:
    # Finished messages are looked up by pattern: one of few words would fit any text.
    for sentence in all_sentences():
        if FIELD.search(sentence):
            words = re.findall(r"[^\W\d_]{2,}", FIELD.sub("", sentence))
            starts = re.match(r"[^\W\d_]{2}", sentence)
            assert starts or len(words) >= 2, sentence


def test_the_page_shows_no_sentence_that_is_not_marked() -> None:
    page = files(serving).joinpath("page")
    html = re.sub(
        r"<!--.*?-->|<script.*", "", page.joinpath("page.html").read_text("utf-8"), flags=re.S
    )
    html = playground.IN_HTML.sub("", html)
    shown = re.findall(r"(?:>|aria-label=\")([^<>\"]*)", html.partition("<body>")[2])
    assert [each for each in shown if re.search(r"[^\W\d_]{2}", re.sub(r"\$\w+", "", each))] == []


def test_the_scripts_say_no_sentence_that_is_not_marked() -> None:
    page = files(serving).joinpath("page")
    for name in playground.SCRIPTS:
        script = re.sub(r"(^|\s)//.*", "", page.joinpath(name).read_text(encoding="utf-8"))
        script = playground.IN_SCRIPTS.sub("", script).replace("'\"'", "")
        strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', script)
        said = [each for each in strings if re.search(r"[^\W\d_]{2} |^[A-Z][a-z]", each)]
        assert {*said} <= TECHNICAL, name

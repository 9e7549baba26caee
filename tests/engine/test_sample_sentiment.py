"""The sentiment sample matches its data card."""

import re
import statistics
import unicodedata
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from modelserve import Project
from modelserve.training.config import Config
from modelserve.training.splits import Splits, split
from modelserve.training.tasks import load_task

FAMILIES = ("sentiment",)


@pytest.fixture(scope="module")
def table(config: Config) -> pd.DataFrame:
    """Return the sample with all its columns."""
    return pd.read_csv(config.data.path, keep_default_na=False)


@pytest.fixture(scope="module")
def card(config: Config) -> str:
    """Return the data card, with single spaces between its words."""
    path = config.data.path.with_name("README.md")
    return " ".join(path.read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def splits(project: Project, config: Config) -> Splits:
    """Return the sample's splits."""
    return split(project.load(config.data), config.split, load_task(config.task), config.seed)


def bare(text: str) -> str:
    """Return a text without what does not make it another one: case and punctuation."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def test_the_columns_are_the_cards(table: pd.DataFrame, card: str) -> None:
    assert list(table) == ["text", "label", "language"]
    for column in table:
        assert f"| `{column}` |" in card


def test_every_label_has_as_many_texts_in_each_language(table: pd.DataFrame, card: str) -> None:
    counts = Counter(zip(table["label"], table["language"], strict=True))
    assert counts == {
        (label, language): 150
        for label in ("Positivo", "Neutro", "Negativo")
        for language in ("pt", "en")
    }
    assert f"{len(table)} rows" in card
    assert "150 of each label in each language" in card


def test_no_text_stands_twice(table: pd.DataFrame) -> None:
    assert [text for text, count in Counter(map(bare, table["text"])).items() if count > 1] == []


def test_no_text_is_in_two_parts_of_the_split(splits: Splits) -> None:
    training, test = (set(map(bare, part.texts)) for part in (splits.training, splits.test))
    assert training & test == set()
    assert (len(training), len(test)) == (720, 180)


def test_the_split_keeps_the_balance_of_the_labels(splits: Splits) -> None:
    assert set(Counter(splits.test.target).values()) == {60}
    assert set(Counter(splits.training.target).values()) == {240}


def test_the_lengths_are_the_cards(table: pd.DataFrame, card: str) -> None:
    lengths = [len(text) for text in table["text"]]
    words = [len(text.split()) for text in table["text"]]
    told = (
        f"{min(lengths)} to {max(lengths)} characters, {statistics.median(lengths):g} at the median"
    )
    assert told in card
    assert f"{min(words)} to {max(words)} words" in card


def test_texts_are_written_out_in_full(table: pd.DataFrame) -> None:
    for text in table["text"]:
        assert text == unicodedata.normalize("NFC", text).strip(), text
        assert "  " not in text, text
        assert "\ufffd" not in text, text
        assert not re.search(r"https?:|www\.|@|\d{4,}-\d", text), text


@pytest.mark.parametrize(
    ("language", "words"), [("pt", {"o", "a", "não", "e", "de"}), ("en", {"the", "and", "it", "a"})]
)
def test_a_language_can_be_reported_by_its_commonest_words(
    table: pd.DataFrame, language: str, words: set[str]
) -> None:
    texts = table["text"][table["language"] == language]
    counted = Counter(word for text in texts for word in bare(text).split())
    assert words <= {word for word, _ in counted.most_common(12)}


def test_the_front_matter_is_what_the_hub_reads(config: Config) -> None:
    text = config.data.path.with_name("README.md").read_text(encoding="utf-8")
    head = Path(text.split("---\n")[1]).as_posix()
    for line in ("language:", "- pt", "- en", "- text-classification", "size_categories:"):
        assert line in head.splitlines()

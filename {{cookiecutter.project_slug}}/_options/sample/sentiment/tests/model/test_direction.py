"""What anybody knows of praise and complaint, the model must know, in either language."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from package.artifact import Artifact

Answer = Callable[..., np.ndarray]

PLAIN_WORDS = [
    ("Adorei, atendimento excelente!", "Positivo"),
    ("Muito bom, recomendo.", "Positivo"),
    ("Café delicioso e ótimo preço.", "Positivo"),
    ("I love it, excellent service!", "Positivo"),
    ("Great, highly recommended.", "Positivo"),
    ("The food was delicious and the waiter was very kind.", "Positivo"),
    ("Péssimo atendimento, nunca mais volto.", "Negativo"),
    ("Produto horrível, quebrou no primeiro dia.", "Negativo"),
    ("Não gostei, muito caro e ruim.", "Negativo"),
    ("Terrible service, never again.", "Negativo"),
    ("Awful food and rude staff.", "Negativo"),
    ("It broke after a week, a waste of money.", "Negativo"),
    ("A loja abre às nove e fecha às seis.", "Neutro"),
    ("O pacote chegou na terça-feira.", "Neutro"),
    ("É um filme comum, nem bom nem ruim.", "Neutro"),
    ("The shop opens at nine and closes at six.", "Neutro"),
    ("The parcel came on Tuesday in a brown box.", "Neutro"),
    ("It's an average film, neither good nor bad.", "Neutro"),
]
PLACES = [
    "O hotel fica na praia",
    "A loja abre às nove",
    "The hotel is near the beach",
    "It opens at nine",
]


@pytest.fixture
def share(found: Artifact, answer: Answer) -> Callable[..., float]:
    """Return a way to the probability of a label for a text."""

    def ask(text: str, label: str) -> float:
        return float(answer([{"text": text}])[0, found.manifest.labels.index(label)])

    return ask


@pytest.mark.parametrize(("text", "label"), PLAIN_WORDS, ids=[text for text, _ in PLAIN_WORDS])
def test_plain_words_get_their_label(
    found: Artifact, answer: Answer, text: str, label: str
) -> None:
    assert found.manifest.labels[answer([{"text": text}]).argmax()] == label


@pytest.mark.parametrize("text", PLACES)
@pytest.mark.parametrize(
    ("label", "words"),
    [
        pytest.param("Positivo", ["excelente", "adorei", "ótimo", "maravilhoso"], id="elogios"),
        pytest.param("Positivo", ["excellent", "love", "great", "wonderful"], id="praise"),
        pytest.param("Negativo", ["péssimo", "horrível", "ruim", "decepção"], id="queixas"),
        pytest.param("Negativo", ["terrible", "awful", "rude", "worst"], id="complaints"),
    ],
)
def test_each_word_of_a_kind_moves_the_answer_its_way(
    share: Callable[..., float], text: str, label: str, words: list[str]
) -> None:
    before = share(text, label)
    for word in words:
        assert share(f"{text}, {word}", label) > before + 0.01, word
    assert share(f"{text}, {', '.join(words)}", label) > 0.9


def test_capitals_change_nothing(answer: Answer, golden: list[dict[str, Any]]) -> None:
    texts = [case["input"]["text"] for case in golden]
    usual, large, small = (
        answer([{"text": each} for each in variant])
        for variant in (texts, map(str.upper, texts), map(str.lower, texts))
    )
    assert usual.tobytes() == large.tobytes() == small.tobytes()


def test_white_space_changes_nothing(answer: Answer, golden: list[dict[str, Any]]) -> None:
    texts = [case["input"]["text"] for case in golden]
    spaced = [f" \n{text.replace(' ', '  ')}\t" for text in texts]
    usual, wide = (answer([{"text": text} for text in each]) for each in (texts, spaced))
    assert usual.tobytes() == wide.tobytes()


def test_both_languages_are_told_apart_as_well(found: Artifact, answer: Answer) -> None:
    labels = found.manifest.labels
    pairs = [
        ("Adorei o livro, excelente!", "I loved the book, excellent!"),
        ("Péssimo", "Terrible"),
    ]
    for pair in pairs:
        first, second = (labels[answer([{"text": text}]).argmax()] for text in pair)
        assert first == second

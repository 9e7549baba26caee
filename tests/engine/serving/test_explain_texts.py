"""The words of a long text are hidden in groups."""

from typing import Any

import numpy as np
import pytest
from modelserve.errors import InvalidInputError
from modelserve.serving.explain.occlusion import check_runs
from modelserve.serving.explain.text_occlusion import (
    MOST_TEXT_RUNS,
    MOST_WORDS,
    TextOcclusion,
    group,
)
from modelserve.tokens import IDS, MASK, Word
from modelserve.types import ModelInput, Outputs, Row, Tensors


class CountsTokens:
    """Finds two words between special tokens; as a model, it counts the tokens that it sees."""

    def words(self, row: Row) -> list[Word]:
        """Return a word of one token, and one of two."""
        assert row == {"text": "a bc"}
        return [Word("a", [1]), Word("bc", [2, 3])]

    def run(self, tensors: Tensors) -> Outputs:
        """Return the number of tokens, of shape (rows, 1)."""
        assert (tensors[IDS] == [9, 1, 2, 3, 9]).all()
        counts: Outputs = tensors[MASK].sum(axis=1, keepdims=True).astype(np.float32)
        return counts


def made_words(count: int) -> list[Word]:
    """Return words of two tokens each."""
    return [Word(f"w{i}", [2 * i, 2 * i + 1]) for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, MOST_WORDS])
def test_up_to_a_number_each_word_stands_alone(count: int) -> None:
    assert group(made_words(count)) == made_words(count)


def test_neighbours_are_grouped_beyond_it() -> None:
    words = made_words(3 * MOST_WORDS + 7)
    groups = group(words)
    assert len(groups) == MOST_WORDS
    assert " ".join(each.text for each in groups) == " ".join(word.text for word in words)
    assert [token for each in groups for token in each.tokens] == list(range(2 * len(words)))
    assert {len(each.tokens) for each in groups} == {6, 8}


def test_one_long_text_can_always_be_explained() -> None:
    check_runs(2 * MOST_WORDS, 1, most=MOST_TEXT_RUNS)
    with pytest.raises(InvalidInputError):
        check_runs(2 * MOST_WORDS * 30, 30, most=MOST_TEXT_RUNS)


def test_all_tokens_of_a_hidden_word_are_hidden_and_the_special_ones_never() -> None:
    model: Any = CountsTokens()
    tensors = {IDS: np.array([[9, 1, 2, 3, 9, 0]]), MASK: np.array([[1, 1, 1, 1, 1, 0]])}
    given = ModelInput(tensors, 1, asked=[{"text": "a bc"}])
    (row,) = TextOcclusion(model, model).rows(given)
    seen = np.array([[True, True], [True, False], [False, True], [False, False]])
    assert list(row.names) == ["a", "bc"]
    assert row.first.tolist() == [[2], [2]]
    assert model.run(row.mix(np.zeros(4, np.int64), seen)).ravel().tolist() == [5, 3, 4, 2]

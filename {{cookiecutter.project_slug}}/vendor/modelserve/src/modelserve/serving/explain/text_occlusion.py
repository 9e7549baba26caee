"""Texts whose words are hidden from the model."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...tokens import IDS, MASK, Word
from ...types import Model, ModelInput, Tensors
from ..text_inputs import TextInputs
from .occlusion import Mix, OccludedRow, check_runs
from .orders import with_reverse

MOST_WORDS = 50  # of a text; the words of a longer one are hidden in groups
MOST_TEXT_RUNS = 2_000  # texts that the model answers for the explanations of one request


class TextOcclusion:
    """Hides words from the model's attention; there is one order, from left to right, and back.

    Args:
        inputs: finds the words of a text.
        model: answers for texts of which every word is hidden.
    """

    def __init__(self, inputs: TextInputs, model: Model) -> None:
        """Keep both."""
        self._inputs, self._model = inputs, model

    def rows(self, given: ModelInput) -> Iterator[OccludedRow]:
        """Yield each text.

        Raises:
            InvalidInputError: the texts would take too many runs of the model.
        """
        texts = [group(self._inputs.words(row)) for row in given.asked]
        check_runs(sum(2 * len(words) for words in texts), given.rows, most=MOST_TEXT_RUNS)
        for row, words in enumerate(texts):
            mix = _hide(words, given.tensors[IDS][row][given.tensors[MASK][row] == 1])
            first = self._model.run(mix(np.zeros(1, np.int64), np.zeros((1, len(words)), bool)))
            ranks = with_reverse(np.arange(len(words))[None])
            names = [word.text for word in words]
            yield OccludedRow(names, ranks, np.repeat(first, 2, axis=0), mix)


def group(words: list[Word], most: int = MOST_WORDS) -> list[Word]:
    """Return at most `most` groups of about as many neighbouring words each."""
    if len(words) <= most:
        return words
    ends = np.linspace(0, len(words), most + 1).astype(int).tolist()
    return [
        Word(
            " ".join(word.text for word in words[start:end]),
            [token for word in words[start:end] for token in word.tokens],
        )
        for start, end in pairwise(ends)
    ]


def _hide(words: list[Word], ids: NDArray[np.int64]) -> Mix:
    """Return a function that hides the words which are not seen; special tokens always are."""
    of_token = np.full(len(ids), len(words))
    for i, word in enumerate(words):
        of_token[word.tokens] = i

    def mix(order: NDArray[np.int64], seen: NDArray[np.bool_]) -> Tensors:
        special = np.ones((len(order), 1), dtype=np.bool_)
        visible = np.concatenate([seen, special], axis=1)[:, of_token]
        return {IDS: np.tile(ids, (len(order), 1)), MASK: visible.astype(np.int64)}

    return mix

"""Join the inputs of several requests to one call of the model."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import ModelInput, Tensors

# As in tokens.py, which imports the tokenizer.
IDS, MASK = TOKENS = ("input_ids", "attention_mask")
MARKS = 8  # characters that stand for the tokens at both ends of a text


def kind_of(given: ModelInput) -> Hashable:
    """Return what has to be the same in inputs that are joined: names, types and inner shapes.

    Tokens of any length can be joined, for they are padded.
    """
    if given.tensors.keys() <= {*TOKENS}:
        return "tokens"
    return tuple((name, each.dtype, each.shape[1:]) for name, each in given.tensors.items())


def length_of(given: ModelInput) -> int:
    """Return the length of an input's longest text, in characters; 1 for a row of a table."""
    return max(given.characters) + MARKS if given.characters else 1


def used_of(given: ModelInput) -> int:
    """Return the length of all texts of an input; of a table, its rows."""
    return sum(given.characters) + MARKS * given.rows if given.characters else given.rows


def size_of(given: ModelInput) -> int:
    """Return the bytes of an input's tensors; of texts that are not tokenized yet, by a bound."""
    if given.tensors:
        return sum(each.nbytes for each in given.tensors.values())
    return len(given.characters) * length_of(given) * len(TOKENS) * np.dtype(np.int64).itemsize


def join(inputs: Sequence[ModelInput], *, pad_id: int = 0) -> Tensors:
    """Return the tensors of several inputs, of shape (rows of all, …), in their order.

    Args:
        inputs: of one kind.
        pad_id: the token that shorter rows are padded with, outside of their mask.
    """
    first = inputs[0].tensors
    if first.keys() != {*TOKENS}:
        return {name: np.concatenate([each.tensors[name] for each in inputs]) for name in first}
    width = max(each.tensors[IDS].shape[1] for each in inputs)
    return {
        name: np.concatenate([_pad(each.tensors[name], width, value) for each in inputs])
        for name, value in ((IDS, pad_id), (MASK, 0))
    }


def _pad(tensor: NDArray[Any], width: int, value: int) -> NDArray[Any]:
    missing = width - tensor.shape[1]
    if not missing:
        return tensor
    return np.pad(tensor, ((0, 0), (0, missing)), constant_values=value)

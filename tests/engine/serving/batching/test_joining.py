"""Inputs of several requests become the tensors of one call."""

import numpy as np
import pytest
from modelserve import tokens
from modelserve.serving.batching import joining
from modelserve.types import ModelInput


def table(*rows: list[float], dtype: str = "float32") -> ModelInput:
    """Return the input of a table's rows."""
    return ModelInput({"features": np.array(rows, dtype=dtype)}, len(rows))


def texts(*rows: list[int]) -> ModelInput:
    """Return the input of tokenized texts, padded to their longest by 9."""
    width = max(map(len, rows))
    ids = np.array([row + [9] * (width - len(row)) for row in rows])
    mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ModelInput(
        {"input_ids": ids, "attention_mask": mask},
        len(rows),
        characters=[len(row) * 4 for row in rows],
    )


def test_rows_of_tables_follow_each_other() -> None:
    joined = joining.join([table([1, 2]), table([3, 4], [5, 6])])
    assert joined["features"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert joined["features"].dtype == np.float32


def test_texts_are_padded_to_the_longest_outside_of_their_mask() -> None:
    joined = joining.join([texts([5, 6]), texts([7, 8, 7], [4])], pad_id=1)
    assert joined["input_ids"].tolist() == [[5, 6, 1], [7, 8, 7], [4, 9, 9]]
    assert joined["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(table([1, 2, 3]), id="more-columns"),
        pytest.param(table([1, 2], dtype="float64"), id="another-type"),
        pytest.param(ModelInput({"image": np.zeros((1, 2))}, 1), id="another-name"),
        pytest.param(texts([1]), id="texts"),
    ],
)
def test_what_the_model_cannot_take_together_is_of_another_kind(other: ModelInput) -> None:
    assert joining.kind_of(other) != joining.kind_of(table([1, 2]))


def test_texts_are_of_one_kind_whatever_their_length_and_before_they_are_tokenized() -> None:
    raw = ModelInput({}, 1, characters=[7])
    assert joining.kind_of(texts([1])) == joining.kind_of(texts([1, 2])) == joining.kind_of(raw)


def test_an_input_is_as_long_as_its_longest_text_and_uses_the_length_of_all() -> None:
    given = texts([1], [1, 2])
    assert joining.length_of(given) == 8 + joining.MARKS
    assert joining.used_of(given) == 4 + 8 + 2 * joining.MARKS
    assert (joining.length_of(table([1], [2])), joining.used_of(table([1], [2]))) == (1, 2)


def test_a_size_is_that_of_the_tensors_and_bounded_for_texts_without() -> None:
    assert joining.size_of(table([1, 2])) == 8
    given = texts([1, 2, 3], [1])
    assert joining.size_of(given) == 2 * 2 * 3 * 8
    assert joining.size_of(given._replace(tensors={})) >= joining.size_of(given)


def test_the_names_are_those_of_the_tokenizer() -> None:
    assert joining.TOKENS == (tokens.IDS, tokens.MASK)

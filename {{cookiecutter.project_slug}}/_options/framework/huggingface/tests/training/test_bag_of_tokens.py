"""The small model of a project's own texts: as scikit-learn fitted it, and as serving wants it."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from tokenizers import Tokenizer

from package import artifact, tokens
from package.tokens import TOKENIZER, Encoder
from package.training import bag_of_tokens, parity
from package.training.data import Dataset
from package.training.made import Made

PHRASES = {
    "good": ["Great, I love it!", "lovely and great", "I love this one", "so lovely, so great"],
    "bad": ["Awful, I hate it!", "rude and awful", "I hate this one", "so rude, so awful"],
    "plain": ["It has two doors.", "two doors and a lid", "this one has a lid", "it has a lid!"],
}
UNKNOWN = ["Xyzzy", "plugh plover frotz", "\N{GRINNING FACE}"]


def make_dataset(*labels: str) -> Dataset:
    """Return the phrases of some labels, each twice."""
    pairs = [(text, label) for label in labels for text in PHRASES[label] * 2]
    table = pd.DataFrame(pairs, columns=["text", "label"])
    return Dataset(table[["text"]], table["label"])


def make(dataset: Dataset, *, vocabulary: int = 100, max_tokens: int = 16, seed: int = 1) -> Made:
    """Return the model of some texts."""
    return bag_of_tokens.make(dataset, vocabulary=vocabulary, max_tokens=max_tokens, seed=seed)


def answer(made: Made, *texts: str) -> np.ndarray:
    """Return the graph's answers to some texts."""
    return parity.run_graph(made.files, texts_only(*texts))


def texts_only(*texts: str) -> Dataset:
    """Return texts that nothing is told of."""
    return Dataset(pd.DataFrame({"text": texts}), pd.Series([""] * len(texts)))


def words(made: Made) -> dict[str, int]:
    """Return the vocabulary."""
    found: dict[str, int] = Tokenizer.from_str(made.files[TOKENIZER].decode()).get_vocab()
    return found


@pytest.mark.parametrize(
    "labels", [("good", "bad", "plain"), ("plain", "bad")], ids=["three", "two"]
)
def test_the_graph_answers_as_the_model(labels: tuple[str, ...]) -> None:
    dataset = make_dataset(*labels)
    made = make(dataset)
    asked = texts_only(*dataset.texts, *UNKNOWN, "great " * 40)
    answers, native = parity.run_graph(made.files, asked), made.native(asked)
    assert made.labels == tuple(sorted(labels))
    assert answers.shape == native.shape == (len(asked), len(labels))
    assert answers.dtype == native.dtype == np.float32
    assert answers == pytest.approx(native, abs=1e-5)


def test_what_was_learnt_is_told_again() -> None:
    dataset = make_dataset("good", "bad", "plain")
    made = make(dataset)
    guess = parity.run_graph(made.files, dataset).argmax(axis=1)
    assert [made.labels[i] for i in guess] == dataset.target.tolist()


def test_the_graph_is_what_serving_takes() -> None:
    graph = onnx.load_from_string(make(make_dataset("good", "bad")).files[artifact.MODEL]).graph
    assert [each.name for each in graph.input] == [tokens.IDS, tokens.MASK]
    assert [each.name for each in graph.output] == ["probabilities"]


def test_what_fills_up_a_text_changes_nothing() -> None:
    made = make(make_dataset("good", "bad", "plain"))
    session = onnxruntime.InferenceSession(made.files[artifact.MODEL])
    encoded = Encoder(made.files[TOKENIZER]).encode(["Great, I love it!", "rude"])
    wider = {
        tokens.IDS: np.pad(encoded.ids, ((0, 0), (0, 5)), constant_values=words(made)["great"]),
        tokens.MASK: np.pad(encoded.mask, ((0, 0), (0, 5))),
    }
    (narrow,), (wide,) = (session.run(None, feeds) for feeds in (encoded.feeds(), wider))
    assert wide == pytest.approx(narrow, abs=1e-6)


@pytest.mark.parametrize("texts", [[" "], [" ", " "], [" ", "great"]], ids=str)
def test_a_text_without_a_token_is_answered(texts: list[str]) -> None:
    answers = answer(make(make_dataset("good", "bad")), *texts)
    assert np.isfinite(answers).all()
    assert answers[0].sum() == pytest.approx(1)


def test_all_that_is_not_known_is_the_same() -> None:
    made = make(make_dataset("good", "bad", "plain"))
    first, *others = answer(made, *UNKNOWN)
    assert all(other == pytest.approx(first, abs=1e-6) for other in others)


def test_case_width_and_the_writing_of_accents_change_nothing() -> None:
    texts = ["\u00f3timo caf\u00e9", "o\u0301timo cafe\u0301", "\u00d3TIMO CAF\u00c9"]
    dataset = Dataset(
        pd.DataFrame({"text": [texts[0], "ruim cafe"] * 4}), pd.Series(["a", "b"] * 4)
    )
    made = make(dataset)
    assert {"\u00f3timo", "caf\u00e9", "cafe"} <= words(made).keys()
    assert len(np.unique(answer(made, *texts, "\uff43\u0061\u0066\u00e9 \u00f3timo"), axis=0)) == 1


@pytest.mark.parametrize("vocabulary", [10, 15, 1_000])
def test_the_vocabulary_is_no_larger_than_it_may_be(vocabulary: int) -> None:
    made = make(make_dataset("good", "bad", "plain"), vocabulary=vocabulary)
    known = words(made)
    assert len(known) <= vocabulary
    assert (known["[PAD]"], known["[UNK]"]) == (0, 1)
    assert made.provenance == {"source": "sample", "vocabulary": str(len(known))}
    weights = {each.name: each for each in _graph(made).initializer}["weights"]
    assert list(weights.dims) == [len(known), 3]


def _graph(made: Made) -> onnx.GraphProto:
    return onnx.load_from_string(made.files[artifact.MODEL]).graph


def test_the_commonest_words_are_kept() -> None:
    texts = ["often often often seldom once", "often seldom twice twice twice"]
    dataset = Dataset(pd.DataFrame({"text": texts}), pd.Series(["a", "b"]))
    assert words(make(dataset)).keys() == {"[PAD]", "[UNK]", "often", "twice", "seldom"}
    assert words(make(dataset, vocabulary=4)).keys() == {"[PAD]", "[UNK]", "often", "twice"}


def test_no_more_of_a_text_is_read_than_was_said() -> None:
    made = make(make_dataset("good", "bad"), max_tokens=3)
    head, longer = answer(made, "great great great", "great great great awful hate rude")
    assert longer.tolist() == head.tolist()
    assert made.native(texts_only("great " * 3 + "awful"))[0] == pytest.approx(head, abs=1e-5)


def test_labels_may_be_other_things_than_texts() -> None:
    dataset = make_dataset("good", "bad")
    numbers = Dataset(dataset.rows, dataset.target.map({"good": 2, "bad": 10}))
    assert make(numbers).labels == ("2", "10")


SCRIPT = """
import hashlib, sys
import pandas as pd
from {package}.training import bag_of_tokens
from {package}.training.data import Dataset
texts, labels = sys.argv[1].splitlines(), sys.argv[2].splitlines()
dataset = Dataset(pd.DataFrame({{"text": texts}}), pd.Series(labels))
made = bag_of_tokens.make(dataset, vocabulary=20, max_tokens=16, seed=1)
print(*(hashlib.sha256(each).hexdigest() for each in made.files.values()))
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "4321"])
def test_the_same_texts_make_the_same_bytes_in_every_process(hash_seed: str) -> None:
    dataset = make_dataset("good", "bad", "plain")
    script = SCRIPT.format(package=bag_of_tokens.__name__.partition(".")[0])
    arguments = ["\n".join(dataset.texts), "\n".join(dataset.target)]

    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )

    here = make(dataset, vocabulary=20).files.values()
    assert done.stdout.split() == [hashlib.sha256(each).hexdigest() for each in here]

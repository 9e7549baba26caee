"""The bag-of-tokens model answers the same in scikit-learn and in its ONNX graph."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from modelserve import artifact, tokens
from modelserve.tokens import TOKENIZER, Encoder
from modelserve.training import parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.text import bag_of_tokens
from modelserve.training.text.texts import Texts
from tokenizers import Tokenizer

PHRASES = {
    "good": ["Great, I love it!", "lovely and great", "I love this one", "so lovely, so great"],
    "bad": ["Awful, I hate it!", "rude and awful", "I hate this one", "so rude, so awful"],
    "plain": ["It has two doors.", "two doors and a lid", "this one has a lid", "it has a lid!"],
}
UNKNOWN = ["Xyzzy", "plugh plover frotz", "\N{GRINNING FACE}"]


def make_dataset(*labels: str) -> Texts:
    """Return the phrases of some labels, each twice."""
    pairs = [(text, label) for label in labels for text in PHRASES[label] * 2]
    table = pd.DataFrame(pairs, columns=["text", "label"])
    return Texts(table[["text"]], table["label"])


def train(
    dataset: Texts, *, vocabulary: int = 100, max_tokens: int = 16, seed: int = 1
) -> ExportedModel:
    """Return the model of some texts."""
    return bag_of_tokens.train_bag_of_tokens(
        dataset, vocabulary=vocabulary, max_tokens=max_tokens, seed=seed
    )


def answer(exported: ExportedModel, *texts: str) -> np.ndarray:
    """Return the graph's answers to some texts."""
    return parity.run_graph(exported.files, texts_only(*texts))


def texts_only(*texts: str) -> Texts:
    """Return texts without labels."""
    return Texts(pd.DataFrame({"text": texts}), pd.Series([""] * len(texts)))


def words(exported: ExportedModel) -> dict[str, int]:
    """Return the vocabulary."""
    actual: dict[str, int] = Tokenizer.from_str(exported.files[TOKENIZER].decode()).get_vocab()
    return actual


@pytest.mark.parametrize(
    "labels", [("good", "bad", "plain"), ("plain", "bad")], ids=["three", "two"]
)
def test_the_graph_answers_as_the_model(labels: tuple[str, ...]) -> None:
    dataset = make_dataset(*labels)
    exported = train(dataset)
    asked = texts_only(*dataset.texts, *UNKNOWN, "great " * 40)
    answers, native = parity.run_graph(exported.files, asked), exported.native(asked)
    assert exported.labels == tuple(sorted(labels))
    assert answers.shape == native.shape == (len(asked), len(labels))
    assert answers.dtype == native.dtype == np.float32
    assert answers == pytest.approx(native, abs=1e-5)


def test_the_training_texts_get_their_own_labels() -> None:
    dataset = make_dataset("good", "bad", "plain")
    exported = train(dataset)
    guess = parity.run_graph(exported.files, dataset).argmax(axis=1)
    assert [exported.labels[i] for i in guess] == dataset.target.tolist()


def test_the_graph_has_the_inputs_and_the_output_of_every_text_model() -> None:
    graph = onnx.load_from_string(train(make_dataset("good", "bad")).files[artifact.MODEL]).graph
    assert [each.name for each in graph.input] == [tokens.IDS, tokens.MASK]
    assert [each.name for each in graph.output] == ["probabilities"]


def test_padding_changes_no_answer() -> None:
    exported = train(make_dataset("good", "bad", "plain"))
    session = onnxruntime.InferenceSession(exported.files[artifact.MODEL])
    encoded = Encoder(exported.files[TOKENIZER]).encode(["Great, I love it!", "rude"])
    wider = {
        tokens.IDS: np.pad(encoded.ids, ((0, 0), (0, 5)), constant_values=words(exported)["great"]),
        tokens.MASK: np.pad(encoded.mask, ((0, 0), (0, 5))),
    }
    (narrow,), (wide,) = (session.run(None, feeds) for feeds in (encoded.tensors(), wider))
    assert wide == pytest.approx(narrow, abs=1e-6)


@pytest.mark.parametrize("texts", [[" "], [" ", " "], [" ", "great"]], ids=str)
def test_the_graph_answers_a_text_without_a_token(texts: list[str]) -> None:
    files = train(make_dataset("good", "bad")).files
    session = onnxruntime.InferenceSession(files[artifact.MODEL])
    (answers,) = session.run(None, Encoder(files[TOKENIZER]).encode(texts).tensors())
    assert np.isfinite(answers).all()
    assert answers[0].sum() == pytest.approx(1)


def test_all_unknown_words_get_the_same_answer() -> None:
    exported = train(make_dataset("good", "bad", "plain"))
    first, *others = answer(exported, *UNKNOWN)
    assert all(other == pytest.approx(first, abs=1e-6) for other in others)


def test_case_width_and_unicode_composition_change_no_answer() -> None:
    texts = ["\u00f3timo caf\u00e9", "o\u0301timo cafe\u0301", "\u00d3TIMO CAF\u00c9"]
    dataset = Texts(pd.DataFrame({"text": [texts[0], "ruim cafe"] * 4}), pd.Series(["a", "b"] * 4))
    exported = train(dataset)
    assert {"\u00f3timo", "caf\u00e9", "cafe"} <= words(exported).keys()
    assert (
        len(np.unique(answer(exported, *texts, "\uff43\u0061\u0066\u00e9 \u00f3timo"), axis=0)) == 1
    )


@pytest.mark.parametrize("vocabulary", [10, 15, 1_000])
def test_the_vocabulary_is_no_larger_than_it_may_be(vocabulary: int) -> None:
    exported = train(make_dataset("good", "bad", "plain"), vocabulary=vocabulary)
    known = words(exported)
    assert len(known) <= vocabulary
    assert (known["[PAD]"], known["[UNK]"]) == (0, 1)
    assert exported.provenance == {"source": "sample", "vocabulary": str(len(known))}
    weights = {each.name: each for each in _graph(exported).initializer}["weights"]
    assert list(weights.dims) == [len(known), 3]


def _graph(exported: ExportedModel) -> onnx.GraphProto:
    return onnx.load_from_string(exported.files[artifact.MODEL]).graph


def test_the_commonest_words_are_kept() -> None:
    texts = ["often often often seldom once", "often seldom twice twice twice"]
    dataset = Texts(pd.DataFrame({"text": texts}), pd.Series(["a", "b"]))
    assert words(train(dataset)).keys() == {"[PAD]", "[UNK]", "often", "twice", "seldom"}
    assert words(train(dataset, vocabulary=4)).keys() == {"[PAD]", "[UNK]", "often", "twice"}


def test_a_text_is_truncated_to_max_tokens() -> None:
    exported = train(make_dataset("good", "bad"), max_tokens=3)
    head, longer = answer(exported, "great great great", "great great great awful hate rude")
    assert longer.tolist() == head.tolist()
    assert exported.native(texts_only("great " * 3 + "awful"))[0] == pytest.approx(head, abs=1e-5)


def test_labels_may_be_other_things_than_texts() -> None:
    dataset = make_dataset("good", "bad")
    numbers = Texts(dataset.rows, dataset.target.map({"good": 2, "bad": 10}))
    assert train(numbers).labels == ("2", "10")


SCRIPT = """
import hashlib, sys
import pandas as pd
from modelserve.training.text import bag_of_tokens
from modelserve.training.text.texts import Texts
texts, labels = sys.argv[1].splitlines(), sys.argv[2].splitlines()
dataset = Texts(pd.DataFrame({"text": texts}), pd.Series(labels))
exported = bag_of_tokens.train_bag_of_tokens(dataset, vocabulary=20, max_tokens=16, seed=1)
print(*(hashlib.sha256(each).hexdigest() for each in exported.files.values()))
"""


@pytest.mark.e2e
@pytest.mark.parametrize("hash_seed", ["0", "1", "4321"])
def test_the_same_texts_give_the_same_bytes_in_every_process(hash_seed: str) -> None:
    dataset = make_dataset("good", "bad", "plain")
    arguments = ["\n".join(dataset.texts), "\n".join(dataset.target)]

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    here = train(dataset, vocabulary=20).files.values()
    assert done.stdout.split() == [hashlib.sha256(each).hexdigest() for each in here]

"""A small text model that trains in seconds: the mean of its tokens' weights for each label."""

# Its graph has a transformer's inputs and output, so that both are served alike.

from itertools import chain

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from ... import artifact
from ...tokens import IDS, MASK, TOKENIZER, bounded
from .. import graphs
from ..exported_model import ExportedModel
from .texts import Texts

LIBRARIES = ("numpy", "onnx", "scikit-learn", "tokenizers")
OPSET = 18


def train_bag_of_tokens(
    training: Texts, *, vocabulary: int, max_tokens: int, seed: int
) -> ExportedModel:
    """Return the model with its graph and its tokenizer.

    Args:
        training: the texts and labels.
        vocabulary: the largest number of known words; a word that occurs once is unknown.
        max_tokens: longer texts are truncated.
        seed: of the fit.
    """
    tokenizer = learn_words(training.texts, vocabulary)
    content = bounded(tokenizer, max_tokens)
    size = tokenizer.get_vocab_size()
    fitted = LogisticRegression(C=300, max_iter=3_000, random_state=seed)
    fitted.fit(shares(tokenizer, training.texts), training.target.to_numpy())
    labels = tuple(map(str, fitted.classes_))

    def native(other: Texts) -> NDArray[np.float32]:
        answers: NDArray[np.float32] = fitted.predict_proba(shares(tokenizer, other.texts))
        return answers.astype(np.float32)

    weights, bias = _one_row_a_label(fitted, size)
    files = {artifact.MODEL: draw(weights.T, bias), TOKENIZER: content}
    return ExportedModel(
        files, labels, native, LIBRARIES, {"source": "sample", "vocabulary": f"{size}"}
    )


def learn_words(texts: list[str], vocabulary: int) -> Tokenizer:
    """Return a lower-casing tokenizer of words and punctuation, trained on texts."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))  # noqa: S106  a token, no secret
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordLevelTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=["[PAD]", "[UNK]"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def shares(tokenizer: Tokenizer, texts: list[str]) -> csr_matrix:
    """Return each token's share of each text, of shape (texts, known tokens)."""
    encoded = [tokenizer.encode(text).ids for text in texts]
    counts = [len(ids) for ids in encoded]
    values = np.repeat(1 / np.maximum(counts, 1), counts)
    columns = np.fromiter(chain.from_iterable(encoded), dtype=np.int64, count=sum(counts))
    rows = np.repeat(np.arange(len(texts)), counts)
    shape = (len(texts), tokenizer.get_vocab_size())
    return csr_matrix((values, (rows, columns)), shape=shape)  # adds up duplicates


def draw(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """Return the graph: the mean of the tokens' weights, plus the bias, as probabilities.

    Args:
        weights: of shape (known tokens, n_labels).
        bias: of shape (n_labels,).
    """
    constants = {
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
        "along_tokens": np.array([1]),
        "last": np.array([-1]),
        "one": np.array(1, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["weights", IDS], ["by_token"]),
        helper.make_node("Cast", [MASK], ["present"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["present", "last"], ["present_wide"]),
        helper.make_node("Mul", ["by_token", "present_wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "along_tokens"], ["total"], keepdims=0),
        helper.make_node("ReduceSum", ["present", "along_tokens"], ["counted"], keepdims=1),
        helper.make_node("Max", ["counted", "one"], ["count"]),
        helper.make_node("Div", ["total", "count"], ["mean"]),
        helper.make_node("Add", ["mean", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], [graphs.PROBABILITIES], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "model",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["rows", "tokens"])
            for name in (IDS, MASK)
        ],
        [
            helper.make_tensor_value_info(
                graphs.PROBABILITIES, onnx.TensorProto.FLOAT, ["rows", len(bias)]
            )
        ],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    return graphs.to_bytes(helper.make_model(graph, opset_imports=opset, ir_version=9))


def _one_row_a_label(
    fitted: LogisticRegression, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights and bias with a row for each label; of two, scikit-learn keeps only one."""
    weights, bias = fitted.coef_.reshape(-1, size), fitted.intercept_
    if len(fitted.classes_) == 2:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias, bias]) / 2
    return weights.astype(np.float32), bias.astype(np.float32)

"""What the tests of models from elsewhere share: a tiny transformer, laid out as on the Hub."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.tokens import Encoder
from modelserve.training.text.texts import Texts
from numpy.typing import NDArray
from onnx import numpy_helper, parser
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "great", "awful", "and", "not", "the"),
    *("is", "it", "a", "bom", "ruim", "muito", "e", "o", "\u00e9", ",", ".", "!"),
)
LABELS = {"0": "Bad", "1": "Plain", "2": "Good"}
PLACES = 16  # tokens that the model can take
README = """---
language: pt
license: apache-2.0
tags: [sentiment]
---
# A model

license: no-such-licence
---
"""

# The steps of a transformer, as far as they matter to what is around it. A weight's shape is
# written twice, as torch exports it.
GRAPH = """
<ir_version: 9, opset_import: ["" : 17]>
tiny ({element}[rows,tokens] input_ids, {element}[rows,tokens] attention_mask{types})
  => ({answer} logits)
<float[3,96] classifier>
{{
  by_word = Gather (words, input_ids)
  size = Shape <start = 1, end = 2> (input_ids)
  count = Squeeze (size)
  steps = Range (zero, count, one)
  by_place = Gather (places, steps)
  placed = Add (by_word, by_place)
  {typed}
  inner = MatMul (typed, dense)
  active = Tanh (inner)
  present = Cast <to = 1> (attention_mask)
  wide = Unsqueeze (present, last)
  kept = Mul (active, wide)
  total = ReduceSum <keepdims = 0> (kept, along)
  held = ReduceSum <keepdims = 1> (present, along)
  mean = Div (total, held)
  {scores}
}}
"""
TYPED = "by_kind = Gather (kinds, token_type_ids) typed = Add (placed, by_kind)"
SCORES = "logits = Gemm <transB = 1> (mean, classifier, bias)"


class Tiny:
    """A model whose answers depend on every token that is there, its place, and no other."""

    def __init__(self) -> None:
        random = np.random.default_rng(5)

        def draw(*shape: int) -> NDArray[np.float32]:
            return (random.normal(size=shape) / 4).astype(np.float32)

        self.weights: dict[str, NDArray[Any]] = {
            "words": draw(len(WORDS), 96),
            "places": draw(PLACES, 96),
            "kinds": np.stack([draw(96), np.full(96, 100, dtype=np.float32)]),
            "dense": draw(96, 96),
            "classifier": draw(3, 96) * 4,
            "bias": draw(3),
        }

    def answer(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], *, types: bool = False
    ) -> NDArray[np.float64]:
        """Return the scores of shape (texts, 3), worked out without the graph."""
        weights = self.weights
        inner = weights["words"][ids] + weights["places"][: ids.shape[1]]
        if types:
            inner = inner + weights["kinds"][0]
        active = np.tanh(inner @ weights["dense"]) * mask[:, :, None]
        mean = active.sum(axis=1) / mask.sum(axis=1, keepdims=True)
        scores: NDArray[np.float64] = mean @ weights["classifier"].T + weights["bias"]
        return scores

    def draw(
        self,
        *,
        element: str = "int64",
        types: bool = False,
        answer: str = "float[rows,3]",
        scores: str = SCORES,
    ) -> onnx.ModelProto:
        """Return the graph; a `types` one also takes what kind each token is of."""
        model = parser.parse_model(
            GRAPH.format(
                element=element,
                answer=answer,
                types=f", {element}[rows,tokens] token_type_ids" if types else "",
                typed=TYPED if types else "typed = Identity (placed)",
                scores=scores,
            )
        )
        numbers = {"zero": np.array(0), "one": np.array(1), "last": [-1], "along": [1]}
        for name, values in (self.weights | numbers).items():
            if types or name != "kinds":
                model.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
        return model


def make_tokenizer() -> Tokenizer:
    """Return a tokenizer of words that puts its own marks around a text."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


MakeFolder = Callable[..., Path]
Probabilities = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    """Return the model."""
    return Tiny()


@pytest.fixture
def make_folder(tiny: Tiny, tmp_path: Path) -> MakeFolder:
    """Return a way to folders laid out as on the Hub; a file whose content is None is left out."""

    def make(
        graph: str = "onnx/model.onnx", files: Mapping[str, Any] | None = None, **changes: Any
    ) -> Path:
        folder = tmp_path / "tiny-sentiment"
        config = {"model_type": "bert", "max_position_embeddings": PLACES, "id2label": LABELS}
        contents = {
            graph: tiny.draw(**changes).SerializeToString(),
            "tokenizer.json": make_tokenizer().to_str(),
            "config.json": config,
            "tokenizer_config.json": {"model_max_length": int(1e30)},
            "README.md": README,
        }
        for name, content in (contents | dict(files or {})).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, dict):
                content = json.dumps(content)
            if content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return make


@pytest.fixture
def probabilities(tiny: Tiny) -> Probabilities:
    """Return a way to what the model must answer, worked out without ONNX, a text at a time."""

    def work_out(files: Mapping[str, Any], texts: list[str], **options: Any) -> Any:
        encoder = Encoder(files["tokenizer.json"])
        encoded = [encoder.encode([text]) for text in texts]
        scores = np.concatenate([tiny.answer(each.ids, each.mask, **options) for each in encoded])
        shares = np.exp(scores)
        return shares / shares.sum(axis=1, keepdims=True)

    return work_out


@pytest.fixture
def texts() -> Texts:
    """Return texts of different lengths, one of them longer than the model can take."""
    actual = [
        "good",
        "It is NOT bad, not bad!",
        "muito bom",
        "?",
        "bad " * 40,
        "o caf\u00e9 \u00e9 ruim",
    ]
    return Texts(pd.DataFrame({"text": actual}), pd.Series(["Good"] * len(actual)))

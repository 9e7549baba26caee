"""Makes text models of a transformer's shape without its weights, laid out as on the Hub.

    uv run python tests/benchmarks/make_transformer.py minilm build/minilm
    uv run python tests/benchmarks/make_transformer.py xlm-roberta build/xlmr [--vocabulary 32000]

The encoder's weights are random, of a fixed seed: time and memory are those of the real one. Only
the head is fitted, to the sample's texts, so that answers differ and an accuracy can be lost. The
folder is a source for `[model]`: `--project PROJECT` writes it into a baked project's
config/training.toml, whose `train` then makes an artifact of it.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = Path(__file__).parent
TEXTS = (
    HERE.parents[1] / "{{cookiecutter.project_slug}}/_options/sample/sentiment/data/opinions.csv"
)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SYLLABLES = [first + vowel for first in "bcdfglmnprstvz" for vowel in "aeiou"]
OPSET = 18
SEED = 20
FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


class Shape(NamedTuple):
    """The sizes of an encoder."""

    layers: int
    hidden: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    model_type: str


SHAPES = {
    "minilm": Shape(6, 384, 12, 1536, 30_522, 512, "bert"),
    "xlm-roberta": Shape(12, 768, 12, 3072, 250_002, 514, "xlm-roberta"),
}


class Drawing:
    """A graph under construction: nodes, and weights drawn at random."""

    def __init__(self, shape: Shape) -> None:
        """Begin with no node."""
        self.shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(SEED)

    def constant(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        """Add an initializer and return its name."""
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def drawn(self, name: str, *size: int) -> str:
        """Add random weights that keep a value's variance, and return their name."""
        values = self._random.standard_normal(size, dtype=np.float32)
        return self.constant(name, values / np.float32(np.sqrt(size[0])))

    def node(self, op: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output, and return that."""
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def dense(self, value: str, name: str, width: int, height: int) -> str:
        """Add a product with random weights, and a bias, as torch exports it."""
        product = self.node(
            "MatMul", [value, self.drawn(f"{name}.weight", width, height)], f"{name}/MatMul"
        )
        bias = self.constant(f"{name}.bias", self._random.normal(0, 0.02, height))
        return self.node("Add", [bias, product], f"{name}/Add")

    def normalised(self, value: str, name: str) -> str:
        """Add a layer normalisation."""
        size = self.shape.hidden
        scale = self.constant(f"{name}.weight", np.ones(size))
        bias = self.constant(f"{name}.bias", np.zeros(size))
        return self.node("LayerNormalization", [value, scale, bias], name, axis=-1, epsilon=1e-12)

    def split(self, value: str, name: str, order: list[int]) -> str:
        """Split a value by the attention's heads."""
        apart = self.node("Reshape", [value, "by_head"], f"{name}/Reshape")
        return self.node("Transpose", [apart], f"{name}/Transpose", perm=order)

    def embeddings(self) -> str:
        """Add the sum of the words' and the places' vectors, normalised."""
        shape = self.shape
        # Of variance 1, so that a text's words still tell in its answer.
        words = self._random.standard_normal((shape.vocabulary, shape.hidden), dtype=np.float32)
        self.constant("embeddings.word", words)
        places = self._random.normal(0, 0.3, (shape.positions, shape.hidden))
        self.constant("embeddings.position", places)
        by_word = self.node("Gather", ["embeddings.word", "input_ids"], "embeddings/words")
        size = self.node("Shape", ["input_ids"], "embeddings/Shape", start=1, end=2)
        count = self.node("Squeeze", [size], "embeddings/Squeeze")
        steps = self.node("Range", ["zero", count, "one"], "embeddings/Range")
        by_place = self.node("Gather", ["embeddings.position", steps], "embeddings/positions")
        placed = self.node("Add", [by_word, by_place], "embeddings/Add")
        return self.normalised(placed, "embeddings/LayerNorm")

    def mask(self) -> str:
        """Add what is added to the attention's scores: a large negative number at padding."""
        by_head = self.node("Unsqueeze", ["attention_mask", "axis_1"], "mask/heads")
        wide = self.node("Unsqueeze", [by_head, "axis_2"], "mask/queries")
        present = self.node("Cast", [wide], "mask/Cast", to=FLOAT)
        missing = self.node("Sub", ["one_float", present], "mask/Sub")
        return self.node("Mul", [missing, "lowest"], "mask/Mul")

    def attention(self, value: str, mask: str, at: str) -> str:
        """Add the self-attention of a layer, as BERT has it."""
        hidden = self.shape.hidden
        query, key, values = (
            self.split(self.dense(value, f"{at}/{name}", hidden, hidden), f"{at}/{name}", order)
            for name, order in (
                ("query", [0, 2, 1, 3]),
                ("key", [0, 2, 3, 1]),
                ("value", [0, 2, 1, 3]),
            )
        )
        scores = self.node("MatMul", [query, key], f"{at}/scores")
        scaled = self.node("Div", [scores, "root_of_size"], f"{at}/Div")
        masked = self.node("Add", [scaled, mask], f"{at}/masked")
        shares = self.node("Softmax", [masked], f"{at}/Softmax", axis=-1)
        context = self.node("MatMul", [shares, values], f"{at}/context")
        back = self.node("Transpose", [context], f"{at}/Transpose", perm=[0, 2, 1, 3])
        joined = self.node("Reshape", [back, "joined"], f"{at}/Reshape")
        dense = self.dense(joined, f"{at}/output", hidden, hidden)
        added = self.node("Add", [dense, value], f"{at}/residual")
        return self.normalised(added, f"{at}/LayerNorm")

    def feed_forward(self, value: str, at: str) -> str:
        """Add the feed-forward part of a layer, with the exact GELU."""
        hidden, inner = self.shape.hidden, self.shape.inner
        wide = self.dense(value, f"{at}/intermediate", hidden, inner)
        divided = self.node("Div", [wide, "root_of_two"], f"{at}/gelu/Div")
        erf = self.node("Erf", [divided], f"{at}/gelu/Erf")
        raised = self.node("Add", [erf, "one_float"], f"{at}/gelu/Add")
        product = self.node("Mul", [wide, raised], f"{at}/gelu/Mul")
        active = self.node("Mul", [product, "half"], f"{at}/gelu/half")
        dense = self.dense(active, f"{at}/output", inner, hidden)
        added = self.node("Add", [dense, value], f"{at}/residual")
        return self.normalised(added, f"{at}/LayerNorm")

    def pooled(self) -> str:
        """Add all layers, and the pooler: the first token's vector, and a dense layer."""
        shape, value = self.shape, self.embeddings()
        mask = self.mask()
        for layer in range(shape.layers):
            value = self.attention(value, mask, f"layer.{layer}/attention")
            value = self.feed_forward(value, f"layer.{layer}/feed_forward")
        first = self.node("Gather", [value, "zero"], "pooler/first", axis=1)
        return self.node(
            "Tanh", [self.dense(first, "pooler", shape.hidden, shape.hidden)], "pooled"
        )


def draw(shape: Shape, head: tuple[NDArray[Any], NDArray[Any]] | None = None) -> onnx.ModelProto:
    """Return the graph: of probabilities, or without a head of what a head would get.

    Args:
        shape: the encoder's.
        head: the classifier's weights, of shape (hidden, n_labels), and its bias.
    """
    drawing = Drawing(shape)
    size = shape.hidden // shape.heads
    for name, values, dtype in (
        ("zero", 0, np.int64),
        ("one", 1, np.int64),
        ("axis_1", [1], np.int64),
        ("axis_2", [2], np.int64),
        ("by_head", [0, 0, shape.heads, size], np.int64),
        ("joined", [0, 0, shape.hidden], np.int64),
        ("one_float", 1, np.float32),
        ("half", 0.5, np.float32),
        ("lowest", -3.4e38, np.float32),
        ("root_of_size", np.sqrt(size), np.float32),
        ("root_of_two", np.sqrt(2), np.float32),
    ):
        drawing.constant(name, values, dtype)
    output, width = drawing.pooled(), shape.hidden
    if head:
        weights, bias = head
        width = len(bias)
        product = drawing.node(
            "MatMul", [output, drawing.constant("classifier.weight", weights)], "classifier/MatMul"
        )
        logits = drawing.node("Add", [product, drawing.constant("classifier.bias", bias)], "logits")
        output = drawing.node("Softmax", [logits], "probabilities", axis=-1)
    inputs = [
        helper.make_tensor_value_info(name, INT64, ["rows", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output, FLOAT, ["rows", width])]
    graph = helper.make_graph(drawing.nodes, "encoder", inputs, outputs, drawing.weights)
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def spell(texts: list[str]) -> Iterator[str]:
    """Yield pieces for a vocabulary without end: characters, the texts' words, made-up words."""
    characters = sorted(set("".join(texts).lower()) | set("abcdefghijklmnopqrstuvwxyz0123456789"))
    for each in characters:
        if not each.isspace():
            yield from (each, f"##{each}")
    splitter = pre_tokenizers.BertPreTokenizer()
    for text in texts:
        yield from (word for word, _ in splitter.pre_tokenize_str(text.lower()))
    random = np.random.default_rng(SEED)
    while True:
        word = "".join(random.choice(SYLLABLES, random.integers(2, 6)))
        yield word if random.random() < 0.75 else f"##{word}"


def make_tokenizer(texts: list[str], size: int) -> Tokenizer:
    """Return a WordPiece tokenizer with a vocabulary of some size, which knows the texts' words."""
    vocabulary = {word: number for number, word in enumerate(SPECIAL)}
    pieces = spell(texts)
    while len(vocabulary) < size:
        vocabulary.setdefault(next(pieces), len(vocabulary))
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def fit_head(
    shape: Shape, tokenizer: Tokenizer, texts: list[str], labels: list[str]
) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], list[str]]:
    """Return weights and bias of a classifier on the random encoder's output, and its labels."""
    session = ort.InferenceSession(
        draw(shape).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rows = []
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids[: shape.positions]], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        rows.append(session.run(None, feeds)[0][0])
    fitted = LogisticRegression(C=0.3, max_iter=2_000).fit(np.stack(rows), labels)
    weights, bias = fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)
    return (weights, bias), [str(label) for label in fitted.classes_]


def make(name: str, folder: Path, *, vocabulary: int | None = None, layers: int | None = None,
         data: Path = TEXTS) -> Path:  # fmt: skip
    """Write a model into a folder, laid out as on the Hub, and return the folder.

    Args:
        name: of the shape.
        folder: is made.
        vocabulary: the number of tokens; the shape's by default.
        layers: their number; the shape's by default.
        data: a CSV file with the columns "text" and "label", of three labels or more.
    """
    shape = SHAPES[name]
    shape = shape._replace(vocabulary=vocabulary or shape.vocabulary, layers=layers or shape.layers)
    with data.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    texts, truth = [row["text"] for row in rows], [row["label"] for row in rows]
    tokenizer = make_tokenizer(texts, shape.vocabulary)
    head, labels = fit_head(shape, tokenizer, texts, truth)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(draw(shape, head), folder / "model.onnx")
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    config = {
        "model_type": shape.model_type,
        "max_position_embeddings": shape.positions,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "vocab_size": shape.vocabulary,
        "id2label": {str(number): label for number, label in enumerate(labels)},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return folder


def configure(project: Path, folder: Path, **keys: Any) -> None:
    """Make a model the source of a baked project, with limits that it keeps.

    Args:
        project: of the kind "huggingface-text-classifier".
        folder: the model's.
        keys: further ones of `[model]`.
    """
    path = project / "config" / "training.toml"
    settings = {"source": f"path:{folder.resolve()}", **keys}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^source = .*$", lambda _: lines, text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^size_bytes = \S+", "size_bytes = 2_000_000_000", text, flags=re.MULTILINE)
    if "[parity]" not in text:
        text += "\n[parity]\ntolerance = 0.2\n"
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Read the command line, and write the model."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vocabulary", type=int)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--project", type=Path)
    told = parser.parse_args()
    folder = make(told.shape, told.folder, vocabulary=told.vocabulary, layers=told.layers)
    if told.project:
        configure(told.project, folder)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    sys.stdout.write(f"{folder}: {size:,.0f} MiB\n")


if __name__ == "__main__":
    main()

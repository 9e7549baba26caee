"""Weights that come without a graph are exported, which takes the extra `export`."""

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from modelserve import Project, artifact
from modelserve.artifact import MODEL, Artifact
from modelserve.batch import BatchPredictor
from modelserve.errors import TrainingError
from modelserve.tokens import TOKENIZER
from modelserve.training import parity
from modelserve.training.sections import Gate, Parity
from modelserve.training.text import pretrained
from modelserve.training.text.options import TextOptions
from modelserve.training.text.texts import Texts
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

# pylint: disable=import-error,import-outside-toplevel  # the extra is in no lock

FAMILIES = ("sentiment",)
MISSING = [name for name in ("onnxscript", "torch", "transformers") if find_spec(name) is None]
WORDS = ("good", "bad", "great", "not", "the", "is", "it", "bom", "ruim", "muito", "o", ",", "!")
PLACES = 12  # tokens of a text that the models take
RENAMED = {"Bad": "Negativo", "Plain": "Neutro", "Good": "Positivo"}
OWN = {
    "bert": ("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    "xlm-roberta": ("<s>", "<pad>", "</s>", "<unk>"),
}

pytestmark = pytest.mark.skipif(
    bool(MISSING) and "REQUIRE_TORCH" not in os.environ,
    reason=f"not installed: {', '.join(MISSING)}; the extra `export` has them",
)


def make_tokenizer(kind: str) -> Tokenizer:
    """Return a tokenizer with the marks of a kind of model."""
    vocabulary = {word: number for number, word in enumerate([*OWN[kind], *WORDS])}
    unknown, begin, end = (
        ("[UNK]", "[CLS]", "[SEP]") if kind == "bert" else ("<unk>", "<s>", "</s>")
    )
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        special_tokens=[(begin, vocabulary[begin]), (end, vocabulary[end])],
    )
    return tokenizer


def make_model(kind: str, size: int) -> Any:
    """Return a model of random weights that are large enough to make its answers differ."""
    import torch
    import transformers

    # What numbers the tokens from behind the filler has two places more.
    begin, pad, end = (2, 0, 3) if kind == "bert" else (0, 1, 2)
    name = {"bert": "Bert", "xlm-roberta": "XLMRoberta"}[kind]
    config = getattr(transformers, f"{name}Config")(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.2,
        max_position_embeddings=PLACES if kind == "bert" else PLACES + 2,
        bos_token_id=begin,
        pad_token_id=pad,
        eos_token_id=end,
        id2label=dict(enumerate(RENAMED)),
    )
    torch.manual_seed(3)
    return getattr(transformers, f"{name}ForSequenceClassification")(config)


@pytest.fixture(params=["bert", "xlm-roberta"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder with a tiny transformer's weights and its tokenizer, as they are saved."""
    assert not MISSING, f"not installed: {', '.join(MISSING)}"
    from transformers import PreTrainedTokenizerFast

    tokenizer = make_tokenizer(request.param)
    marks = ("[PAD]", "[UNK]") if request.param == "bert" else ("<pad>", "<unk>")
    path = tmp_path / "tiny-transformer"
    make_model(request.param, tokenizer.get_vocab_size()).save_pretrained(path)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=marks[0], unk_token=marks[1]
    )
    fast.save_pretrained(path)
    return path


Export = Callable[..., Artifact]


@pytest.fixture
def export(folder: Path, train_again: Any, tmp_path: Path) -> Export:
    """Return a way to a run that takes the weights and makes an artifact of them."""

    def run(*, tolerance: float = 1e-5, **options: Any) -> Artifact:
        asked = TextOptions(source=f"path:{folder}", labels=RENAMED, **options)
        train_again(
            tmp_path / "model", model=asked, gate=Gate(), parity=Parity(tolerance=tolerance)
        )
        return artifact.load(tmp_path / "model")

    return run


def test_the_graph_answers_as_torch_does_and_serves(
    project: Project, export: Export, folder: Path
) -> None:
    before = sorted(path.name for path in folder.iterdir())

    actual = export()

    texts = ["good", "not bad, not bad!", "muito bom", "bad " * 40, "!"]
    body = json.dumps({"instances": [{"text": text} for text in texts]}).encode()
    answer = json.loads(BatchPredictor(project.make_service(actual.folder)).answer(body, "id"))
    shares = {tuple(each["probabilities"].values()) for each in answer["predictions"]}
    manifest = actual.manifest
    assert 0 < manifest.parity <= 1e-5
    assert manifest.labels == ("Negativo", "Neutro", "Positivo")
    assert len(shares) == len(texts)
    assert [each["pointer"] for each in answer["warnings"]] == ["/instances/3/text"]
    assert f"first {PLACES} tokens" in answer["warnings"][0]["detail"]
    assert {"torch", "transformers", "onnxscript"} <= manifest.libraries.keys()
    assert f"SHA-256 of {TOKENIZER}" in manifest.provenance
    assert manifest.provenance["SHA-256 of model.safetensors"] == artifact.sha256(
        folder / "model.safetensors"
    )
    assert sorted(path.name for path in folder.iterdir()) == before


def test_less_may_be_read_than_the_model_takes(export: Export) -> None:
    assert 0 < export(max_tokens=5).manifest.parity <= 1e-5


def test_weights_of_8_bits_are_held_to_torch(export: Export) -> None:
    manifest = export(tolerance=0.1, int8=True).manifest
    assert 1e-4 < manifest.parity < 0.1
    assert manifest.provenance["quantisation"].startswith("weights of 8 bits: ")


def test_the_graph_tells_nothing_of_the_machine_that_made_it(folder: Path) -> None:
    exported = pretrained.load_pretrained(
        folder, labels={}, max_tokens=None, int8=False, source="path:x"
    )
    graph = onnx.load_from_string(exported.files[MODEL])
    assert b"site-packages" not in exported.files[MODEL]
    assert [each for each in graph.graph.node if each.metadata_props] == []


def test_a_tokenizer_is_made_where_the_folder_has_no_file_of_it(
    folder: Path, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    (folder / TOKENIZER).unlink()
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: tokenizer)
    exported = pretrained.load_pretrained(
        folder, labels={}, max_tokens=None, int8=False, source="path:x"
    )
    answers, native = parity.run_graph(exported.files, texts), exported.native(texts)
    assert answers == pytest.approx(native, abs=1e-5)
    assert not (folder / TOKENIZER).exists()
    assert f"SHA-256 of {TOKENIZER}" not in exported.provenance


def test_half_precision_is_exported_in_single(folder: Path, texts: Texts) -> None:
    import torch
    import transformers

    load = transformers.AutoModelForSequenceClassification.from_pretrained
    load(folder, dtype=torch.float16).save_pretrained(folder)
    exported = pretrained.load_pretrained(
        folder, labels={}, max_tokens=None, int8=False, source="path:x"
    )
    answers = parity.run_graph(exported.files, texts)
    assert answers == pytest.approx(exported.native(texts), abs=1e-5)
    assert exported.native(texts).dtype == np.float32


def test_a_model_that_was_never_taught_to_classify_is_refused(folder: Path) -> None:
    import transformers

    body = transformers.AutoModel.from_pretrained(folder)
    body.save_pretrained(folder)
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    told["id2label"] = dict(enumerate(RENAMED))
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(TrainingError, match="exported: it has no weights for classifier"):
        pretrained.load_pretrained(folder, labels={}, max_tokens=None, int8=False, source="path:x")


@pytest.mark.parametrize("name", ["model.safetensors", TOKENIZER])
def test_a_file_that_is_missing_is_reported(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TrainingError, match="holds no model that can be exported: "):
        pretrained.load_pretrained(folder, labels={}, max_tokens=None, int8=False, source="path:x")

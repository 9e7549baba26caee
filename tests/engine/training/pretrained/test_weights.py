"""Weights that come without a graph are exported, and the model that they are is kept beside it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelserve import artifact
from modelserve.artifact import MODEL
from modelserve.errors import TrainingError
from modelserve.tokens import TOKENIZER
from modelserve.training import parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.text import export, pretrained
from modelserve.training.text.texts import Texts

MakeFolder = Callable[..., Path]
BARE = {"onnx/model.onnx": None, "model.safetensors": "weights", "pytorch_model.bin": "others"}


@pytest.fixture
def take(
    make_folder: MakeFolder, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ExportedModel]:
    """Return a way to take weights with an exporter of a test's own, which needs no torch."""
    folder = make_folder(files=BARE)

    @contextmanager
    def draw(given: Path, *, max_tokens: int) -> Iterator[tuple[Path, Any]]:
        assert given == folder
        scratch = folder.with_name("scratch")
        scratch.mkdir(exist_ok=True)
        (scratch / "model.onnx").write_bytes(tiny.draw().SerializeToString())
        (scratch / TOKENIZER).write_bytes((folder / TOKENIZER).read_bytes())
        yield scratch / "model.onnx", lambda dataset: np.full((len(dataset), 3), max_tokens)

    def run(**changes: Any) -> ExportedModel:
        taken = {"labels": {}, "max_tokens": None, "int8": False, "source": "path:x"} | changes
        return pretrained.load_pretrained(folder, **taken)

    monkeypatch.setattr(export, "export", draw)
    return run


def test_the_graph_that_was_drawn_is_what_answers(
    take: Callable[..., ExportedModel], probabilities: Any, texts: Texts
) -> None:
    files = take().files
    answers = parity.run_graph(files, texts)
    assert answers == pytest.approx(probabilities(files, texts.texts), abs=1e-5)


@pytest.mark.parametrize("int8", [False, True], ids=["32-bits", "8-bits"])
def test_the_graph_is_held_to_what_it_was_drawn_of(
    take: Callable[..., ExportedModel], texts: Texts, int8: bool
) -> None:
    assert (take(int8=int8).native(texts) == 16).all()
    assert (take(int8=int8, max_tokens=5).native(texts) == 5).all()


def test_what_was_drawn_and_with_what_is_reported(take: Callable[..., ExportedModel]) -> None:
    exported = take()
    hashed = ("model.safetensors", "pytorch_model.bin", TOKENIZER)
    told = {"source", "licence", *(f"SHA-256 of {name}" for name in hashed)}
    assert exported.provenance.keys() == told
    assert exported.provenance["SHA-256 of model.safetensors"] == artifact.sha256(b"weights")
    assert {"onnxscript", "torch", "transformers"} <= set(exported.libraries)
    assert exported.files.keys() == {MODEL, TOKENIZER}


def test_without_torch_the_extra_is_asked_for(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    folder = make_folder(files=BARE)
    with pytest.raises(TrainingError, match=r"torch is not installed .* '\.\[export\]'"):
        pretrained.load_pretrained(folder, labels={}, max_tokens=None, int8=False, source="path:x")

"""Weights that come without a graph are exported, and the model that they are is kept beside it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from package import artifact
from package.artifact import MODEL
from package.errors import TrainingError
from package.tokens import TOKENIZER
from package.training import export, parity, pretrained
from package.training.data import Dataset
from package.training.made import Made

MakeFolder = Callable[..., Path]
BARE = {"onnx/model.onnx": None, "model.safetensors": "weights", "pytorch_model.bin": "others"}


@pytest.fixture
def take(
    make_folder: MakeFolder, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Made]:
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

    def run(**changes: Any) -> Made:
        taken = {"labels": {}, "max_tokens": None, "int8": False, "source": "path:x"} | changes
        return pretrained.make(folder, **taken)

    monkeypatch.setattr(export, "export", draw)
    return run


def test_the_graph_that_was_drawn_is_what_answers(
    take: Callable[..., Made], probabilities: Any, texts: Dataset
) -> None:
    files = take().files
    answers = parity.run_graph(files, texts)
    assert answers == pytest.approx(probabilities(files, texts.texts), abs=1e-5)


@pytest.mark.parametrize("int8", [False, True], ids=["32-bits", "8-bits"])
def test_the_graph_is_held_to_what_it_was_drawn_of(
    take: Callable[..., Made], texts: Dataset, int8: bool
) -> None:
    assert (take(int8=int8).native(texts) == 16).all()
    assert (take(int8=int8, max_tokens=5).native(texts) == 5).all()


def test_what_was_drawn_and_with_what_is_told(take: Callable[..., Made]) -> None:
    made = take()
    hashed = ("model.safetensors", "pytorch_model.bin", TOKENIZER)
    told = {"source", "licence", *(f"SHA-256 of {name}" for name in hashed)}
    assert made.provenance.keys() == told
    assert made.provenance["SHA-256 of model.safetensors"] == artifact.sha256(b"weights")
    assert {"onnxscript", "torch", "transformers"} <= set(made.libraries)
    assert made.files.keys() == {MODEL, TOKENIZER}


def test_without_torch_the_extra_is_asked_for(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    folder = make_folder(files=BARE)
    with pytest.raises(TrainingError, match=r"torch is not installed .* '\.\[export\]'"):
        pretrained.make(folder, labels={}, max_tokens=None, int8=False, source="path:x")

"""Weights of 8 bits are a quarter of the size, and answer nearly as before."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from modelserve import artifact
from modelserve.artifact import MODEL
from modelserve.errors import ParityError
from modelserve.training import parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.sections import Gate, Parity
from modelserve.training.text import pretrained
from modelserve.training.text.options import TextOptions
from modelserve.training.text.quantisation import quantise
from modelserve.training.text.texts import Texts

FAMILIES = ("sentiment",)
MakeFolder = Callable[..., Path]
RENAMED = {"Bad": "Negativo", "Plain": "Neutro", "Good": "Positivo"}


@pytest.fixture
def take(make_folder: MakeFolder) -> Callable[..., ExportedModel]:
    """Return a way to take the tiny model, its weights of 8 bits or of 32."""

    def run(*, int8: bool) -> ExportedModel:
        return pretrained.load_pretrained(
            make_folder(), labels={}, max_tokens=None, int8=int8, source="path:x"
        )

    return run


def test_the_graph_shrinks_and_answers_nearly_as_before(
    take: Callable[..., ExportedModel], texts: Texts
) -> None:
    whole, small = take(int8=False), take(int8=True)
    sizes = [len(each.files[MODEL]) for each in (small, whole)]
    before, after = (parity.run_graph(each.files, texts) for each in (whole, small))
    difference = np.abs(after - before).max()
    assert sizes[0] < 0.5 * sizes[1]
    assert 0 < difference < 0.05
    told = f"weights of 8 bits: {sizes[0]:,} bytes instead of {sizes[1]:,}"
    assert small.provenance == {**whole.provenance, "quantisation": told}


def test_no_large_weight_is_left_as_it_was(take: Callable[..., ExportedModel]) -> None:
    graph = onnx.load_from_string(take(int8=True).files[MODEL]).graph
    large = {each.data_type for each in graph.initializer if np.prod(each.dims) > 200}
    assert large == {onnx.TensorProto.UINT8}


def test_the_model_is_held_to_what_it_was_before(
    take: Callable[..., ExportedModel], texts: Texts
) -> None:
    whole, small = take(int8=False), take(int8=True)
    assert small.native(texts).tolist() == parity.run_graph(whole.files, texts).tolist()


def test_a_file_is_quantised_as_its_content_is(
    take: Callable[..., ExportedModel], tmp_path: Path
) -> None:
    content = take(int8=False).files[MODEL]
    path = tmp_path / "graph.onnx"
    path.write_bytes(content)
    assert quantise(path) == quantise(content)
    assert path.read_bytes() == content


def test_it_is_done_without_a_word(
    take: Callable[..., ExportedModel], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        take(int8=True)
    assert caplog.messages == []


def test_a_run_tells_how_near_the_smaller_model_is(
    make_folder: MakeFolder, train_again: Any, tmp_path: Path
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED, int8=True)
    run = train_again(tmp_path / "model", model=options, gate=Gate(), parity=Parity(tolerance=0.1))
    manifest = artifact.load(run.artifact.folder).manifest
    assert 0 < manifest.parity < 0.1
    assert manifest.provenance["quantisation"].startswith("weights of 8 bits: ")


def test_a_run_without_room_for_the_difference_ends(
    make_folder: MakeFolder, train_again: Any, tmp_path: Path
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED, int8=True)
    with pytest.raises(ParityError, match="The ONNX graph differs from the model by"):
        train_again(tmp_path / "model", model=options, gate=Gate())
    assert not (tmp_path / "model").exists()

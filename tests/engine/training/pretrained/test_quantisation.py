"""Weights of 8 bits are a quarter of the size, and answer nearly as before."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve import artifact
from modelserve.artifact import CARD, MODEL
from modelserve.display import show_run
from modelserve.errors import ParityError, TrainingError
from modelserve.training import imported_answers, parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.sections import Gate, Parity
from modelserve.training.text import pretrained, quantisation
from modelserve.training.text.options import TextOptions
from modelserve.training.text.quantisation import quantise
from modelserve.training.text.texts import Texts

FAMILIES = ("sentiment",)
MakeFolder = Callable[..., Path]
RENAMED = {"Bad": "Negativo", "Plain": "Neutro", "Good": "Positivo"}


METHODS = (True, "dynamic", "static")


@pytest.fixture
def take(make_folder: MakeFolder, texts: Texts) -> Callable[..., ExportedModel]:
    """Return a way to take the tiny model, its weights of 8 bits or of 32."""

    def run(*, int8: bool | quantisation.Method) -> ExportedModel:
        return pretrained.load_pretrained(
            make_folder(), labels={}, max_tokens=None, int8=int8, source="path:x", training=texts
        )

    return run


def test_what_a_text_changes_for_those_beside_it_is_left_to_parity(
    take: Callable[..., ExportedModel], texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported_answers, "ALONE_TOLERANCE", 1e-5)
    dynamic = take(int8="dynamic")
    with pytest.raises(TrainingError, match=r"alone by .* quantise it statically"):
        pretrained.check_answers(dynamic, texts)  # as of a graph that was quantised elsewhere


@pytest.mark.parametrize(
    ("method", "warned"), [(True, 1), ("dynamic", 1), ("static", 0), (False, 0)]
)
def test_that_texts_change_each_others_answers_is_told(
    take: Callable[..., ExportedModel], method: bool | quantisation.Method, warned: int
) -> None:
    told = [each for each in take(int8=method).warnings if "BATCHING=on" in each]
    assert len(told) == warned
    for each in told:
        found = re.search(r"(\d+) of (\d+) training texts .* differ by up to ([\d.e-]+)\. So", each)
        assert found
        assert int(found[1]) <= int(found[2])
        assert 0 < float(found[3]) < 1


@pytest.mark.parametrize("method", METHODS)
def test_the_graph_shrinks_and_answers_nearly_as_before(
    take: Callable[..., ExportedModel], texts: Texts, method: bool | quantisation.Method
) -> None:
    whole, small = take(int8=False), take(int8=method)
    sizes = [len(each.files[MODEL]) for each in (small, whole)]
    before, after = (parity.run_graph(each.files, texts) for each in (whole, small))
    difference = np.abs(after - before).max()
    assert sizes[0] < 0.5 * sizes[1]
    assert 0 < difference < 0.05
    with_texts = f", calibrated with {len(texts)} texts" if method == "static" else ""
    told = f"weights of 8 bits{with_texts}: {sizes[0]:,} bytes instead of {sizes[1]:,}"
    assert small.provenance == {**whole.provenance, "quantisation": told}


@pytest.mark.parametrize("method", METHODS)
def test_no_large_weight_is_left_as_it_was(
    take: Callable[..., ExportedModel], method: bool | quantisation.Method
) -> None:
    graph = onnx.load_from_string(take(int8=method).files[MODEL]).graph
    large = {each.data_type for each in graph.initializer if np.prod(each.dims) > 200}
    assert large <= {onnx.TensorProto.UINT8, onnx.TensorProto.INT8}


def test_products_of_8_bits_do_not_overflow_on_older_processors(
    take: Callable[..., ExportedModel],
) -> None:
    graph = onnx.load_from_string(take(int8=True).files[MODEL]).graph
    weights = [
        onnx.numpy_helper.to_array(each).astype(int)
        for each in graph.initializer
        if each.data_type == onnx.TensorProto.INT8 and each.dims
    ]
    assert weights
    assert max(np.abs(each).max() for each in weights) <= 64


def test_only_a_static_quantisation_fixes_the_scale_of_activations(
    take: Callable[..., ExportedModel],
) -> None:
    types = {
        method: {
            node.op_type
            for node in onnx.load_from_string(take(int8=method).files[MODEL]).graph.node
        }
        for method in ("dynamic", "static")
    }
    assert "DynamicQuantizeLinear" in types["dynamic"]
    assert "QuantizeLinear" not in types["dynamic"]
    assert "QuantizeLinear" in types["static"]
    assert "DynamicQuantizeLinear" not in types["static"]


def test_a_static_quantisation_reads_the_first_texts_one_by_one(
    take: Callable[..., ExportedModel], texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = take(int8=False).files
    monkeypatch.setattr(quantisation, "CALIBRATED", 2)
    reader = quantisation.CalibrationTexts(texts, files)
    read = [*iter(reader.get_next, None)]
    expected = [
        *texts.take(np.array([0])).batches(files),
        *texts.take(np.array([1])).batches(files),
    ]
    assert [each["input_ids"].tolist() for each in read] == [
        each["input_ids"].tolist() for each in expected
    ]


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_quantised_graph_is_refused(
    take: Callable[..., ExportedModel], method: quantisation.Method
) -> None:
    content = take(int8=method).files[MODEL]
    with pytest.raises(TrainingError, match=r"quantised already\. Remove int8 from \[model\]"):
        quantise(content)


def test_a_graph_that_cannot_be_quantised_is_reported(
    take: Callable[..., ExportedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Unable to find data type for\n weight 'w'")

    monkeypatch.setattr(quantisation, "quantize_dynamic", fail)
    with pytest.raises(TrainingError, match=r"cannot be quantised to 8 bits: Unable .* for weight"):
        take(int8=True)


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
    make_folder: MakeFolder,
    train_again: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED, int8=True)
    run = train_again(tmp_path / "model", model=options, gate=Gate(), parity=Parity(tolerance=0.1))
    manifest = artifact.load(run.artifact.folder).manifest
    assert 0 < manifest.parity < 0.1
    assert manifest.provenance["quantisation"].startswith("weights of 8 bits: ")
    loss = re.fullmatch(
        r"(0\.\d{4}) instead of 0\.\d{4} on the test rows; \d+ of (\d+) labels differ",
        manifest.provenance["accuracy"],
    )
    assert loss
    assert float(loss[1]) == pytest.approx(manifest.metrics["accuracy"], abs=1e-4)
    assert int(loss[2]) == manifest.data.test_rows
    assert manifest.provenance["accuracy"] in run.artifact.paths[CARD].read_text("utf-8")
    show_run(run, "0a1b2c3d")
    shown = " ".join(capsys.readouterr().out.split())
    assert "weights of 8 bits" in shown
    assert "instead of" in shown


def test_a_run_without_room_for_the_difference_ends(
    make_folder: MakeFolder, train_again: Any, tmp_path: Path
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED, int8=True)
    with pytest.raises(ParityError, match="The ONNX graph differs from the model by"):
        train_again(tmp_path / "model", model=options, gate=Gate())
    assert not (tmp_path / "model").exists()


def test_golden_cases_are_answered_alone_as_at_the_start_of_the_service(
    make_folder: MakeFolder, train_again: Any, tmp_path: Path
) -> None:
    options = TextOptions(source=f"path:{make_folder()}", labels=RENAMED, int8="dynamic")
    run = train_again(tmp_path / "model", model=options, gate=Gate(), parity=Parity(tolerance=0.1))
    cases = run.artifact.read_json(artifact.GOLDEN)
    texts = pd.DataFrame([case["input"] for case in cases])
    alone = [
        parity.run_graph(run.artifact.paths, Texts(texts.iloc[[i]], pd.Series([""])))[0]
        for i in range(len(cases))
    ]
    expected = np.array([case["output"] for case in cases])
    assert np.array(alone) == pytest.approx(expected, abs=1e-6)

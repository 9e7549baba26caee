"""Whatever a transformer's graph takes and gives, here it takes tokens and gives probabilities."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from modelserve.artifact import MODEL
from modelserve.errors import TrainingError
from modelserve.tokens import IDS, MASK
from modelserve.training import graphs, parity
from modelserve.training.text import pretrained
from modelserve.training.text.texts import Texts
from modelserve.training.text.transformer import GraphFile

MakeFolder = Callable[..., Path]
INT64 = onnx.TensorProto.INT64
PER_TOKEN = "turned = Transpose (classifier) logits = MatMul (active, turned)"
HALF = "whole = Gemm <transB = 1> (mean, classifier, bias) logits = Cast <to = 10> (whole)"
LINKS = pytest.mark.skipif(sys.platform == "win32", reason="a link is a right of its own there")
TAKEN = {"labels": {}, "max_tokens": None, "int8": False, "source": "path:x"}


@pytest.mark.parametrize("element", ["int64", "int32"])
@pytest.mark.parametrize("types", [False, True], ids=["two-inputs", "three-inputs"])
def test_every_graph_is_given_the_same_inputs(
    make_folder: MakeFolder, probabilities: Any, texts: Texts, element: str, types: bool
) -> None:
    files = pretrained.load_pretrained(make_folder(element=element, types=types), **TAKEN).files

    graph = onnx.load_from_string(files[MODEL]).graph
    answers = parity.run_graph(files, texts)

    given = {each.name: each.type.tensor_type.elem_type for each in graph.input}
    assert given == dict.fromkeys((IDS, MASK), onnx.TensorProto.INT64)
    assert [graphs.size_of(each) for each in (*graph.input, *graph.output)] == [
        *([-1, -1], [-1, -1], [-1, 3])
    ]
    assert [each.name for each in graph.output] == ["probabilities"]
    assert answers == pytest.approx(probabilities(files, texts.texts, types=types), abs=1e-5)


def test_what_fills_up_a_text_changes_nothing(make_folder: MakeFolder, texts: Texts) -> None:
    files = pretrained.load_pretrained(make_folder(types=True), **TAKEN).files
    together = parity.run_graph(files, texts)
    alone = [parity.run_graph(files, texts.take(np.array([i]))) for i in range(len(texts))]
    assert together == pytest.approx(np.concatenate(alone), abs=1e-6)
    assert len(np.unique(together, axis=0)) == len(texts)


def test_a_graph_of_half_precision_answers_in_single(
    make_folder: MakeFolder, probabilities: Any, texts: Texts
) -> None:
    files = pretrained.load_pretrained(
        make_folder(answer="float16[rows,3]", scores=HALF), **TAKEN
    ).files
    answers = parity.run_graph(files, texts)
    assert answers.dtype == np.float32
    assert answers == pytest.approx(probabilities(files, texts.texts), abs=2e-3)


def test_scores_become_probabilities_only_where_asked(
    make_folder: MakeFolder, texts: Texts
) -> None:
    folder = make_folder()
    graph = folder / "onnx" / "model.onnx"
    scores, shares = (
        parity.run_graph(
            pretrained.load_pretrained(
                folder, graph=GraphFile(graph, softmax=softmax), **TAKEN
            ).files,
            texts,
        )
        for softmax in (False, True)
    )
    powers = np.exp(scores)
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(shares, abs=1e-6)
    assert np.abs(scores - shares).max() > 0.1


@pytest.mark.parametrize("copy", ["Identity", "Cast <to = 1>"])
def test_a_graph_that_returns_probabilities_is_left_as_it_is(
    make_folder: MakeFolder, texts: Texts, probabilities: Any, copy: str
) -> None:
    scores = (
        "raw = Gemm <transB = 1> (mean, classifier, bias) "
        f"shares = Softmax <axis = -1> (raw) logits = {copy} (shares)"
    )
    files = pretrained.load_pretrained(make_folder(scores=scores), **TAKEN).files
    assert parity.run_graph(files, texts) == pytest.approx(
        probabilities(files, texts.texts), abs=1e-5
    )


def test_a_graph_of_many_labels_a_text_is_refused(make_folder: MakeFolder) -> None:
    scores = "raw = Gemm <transB = 1> (mean, classifier, bias) logits = Sigmoid (raw)"
    with pytest.raises(TrainingError, match=r"ends in Sigmoid: it gives a text many labels"):
        pretrained.load_pretrained(make_folder(scores=scores), **TAKEN)


@pytest.mark.parametrize("shape", ["rows,3", "rows,labels", "5,3"])
def test_a_shape_may_be_free(make_folder: MakeFolder, texts: Texts, shape: str) -> None:
    files = pretrained.load_pretrained(make_folder(answer=f"float[{shape}]"), **TAKEN).files
    assert parity.run_graph(files, texts).shape == (6, 3)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param(
            {"answer": "float[rows,4]"},
            r"The graph's output has shape \[-1, 4\]; 3 numbers a text are needed",
            id="other-width",
        ),
        pytest.param(
            {"answer": "float[rows,tokens,3]", "scores": PER_TOKEN},
            r"The graph's output has shape \[-1, -1, 3\]; 3 numbers a text are needed",
            id="an-answer-a-token",
        ),
    ],
)
def test_answers_that_are_none_of_a_text_are_refused(
    make_folder: MakeFolder, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(TrainingError, match=complaint):
        pretrained.load_pretrained(make_folder(**changes), **TAKEN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("input_ids", "pixels", id="no-tokens"),
        pytest.param("attention_mask", "position_ids", id="something-else"),
        pytest.param("attention_mask", "", id="no-mask"),
    ],
)
def test_a_graph_that_takes_other_things_is_refused(
    make_folder: MakeFolder, tiny: Any, old: str, new: str
) -> None:
    model = tiny.draw()
    if new:
        graphs.rename(model, old, new)
    else:  # a constant instead
        (value,) = (each for each in model.graph.input if each.name == old)
        model.graph.input.remove(value)
        model.graph.initializer.append(onnx.helper.make_tensor(old, INT64, [1, 1], [1]))
    folder = make_folder(files={"onnx/model.onnx": model.SerializeToString()})
    with pytest.raises(TrainingError, match="a text model's takes input_ids and attention_mask"):
        pretrained.load_pretrained(folder, **TAKEN)


def test_a_graph_that_cannot_be_run_is_refused(make_folder: MakeFolder, tiny: Any) -> None:
    model = tiny.draw()
    model.graph.node[0].op_type = "NoSuchOperator"
    folder = make_folder(files={"onnx/model.onnx": model.SerializeToString()})
    with pytest.raises(TrainingError, match=r"model\.onnx uses the operator NoSuchOperator"):
        pretrained.load_pretrained(folder, **TAKEN)


@pytest.mark.parametrize("links", [False, pytest.param(True, marks=LINKS)], ids=["files", "links"])
def test_weights_may_lie_beside_the_graph(
    make_folder: MakeFolder, tiny: Any, probabilities: Any, texts: Texts, links: bool
) -> None:
    folder = make_folder(files={"onnx/model.onnx": None})
    place = folder / "blobs" if links else folder / "onnx"
    place.mkdir(exist_ok=True)
    name, beside = "model.onnx", "model.onnx_data"
    onnx.save(
        tiny.draw(), place / name, save_as_external_data=True, location=beside, size_threshold=0
    )
    if links:  # as the Hub's cache has them
        for number, each in enumerate((name, beside)):
            (place / each).rename(place / str(number))
            (folder / "onnx" / each).symlink_to(Path("..", "blobs", str(number)))

    files = pretrained.load_pretrained(folder, **TAKEN).files

    (folder / "onnx" / beside).unlink()
    answers = parity.run_graph(files, texts)
    assert answers == pytest.approx(probabilities(files, texts.texts), abs=1e-5)

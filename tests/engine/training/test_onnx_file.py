"""A file that the served ONNX Runtime cannot load is refused in one line with the way out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from modelserve.errors import TrainingError
from modelserve.training import onnx_file
from onnx import helper, numpy_helper

from tests.engine.training.onnx_graphs import FLOAT, graph_of, matrix

RUNTIME = f"ONNX Runtime {ort.__version__}"
Refusal = Callable[..., str]


def changed(**changes: Any) -> onnx.ModelProto:
    """Return a graph with other properties."""
    model: onnx.ModelProto = matrix()
    for name, value in changes.items():
        setattr(model, name, value)
    return model


def with_opset(domain: str, version: int) -> onnx.ModelProto:
    """Return a graph with another opset of a domain."""
    model: onnx.ModelProto = matrix()
    kept = [each for each in model.opset_import if each.domain != domain]
    del model.opset_import[:]
    model.opset_import.extend([*kept, helper.make_opsetid(domain, version)])
    return model


def with_operator(name: str, domain: str = "") -> onnx.ModelProto:
    """Return a graph whose only node is of another operator."""
    model: onnx.ModelProto = matrix()
    model.graph.node[0].op_type = name
    model.graph.node[0].domain = domain
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    return model


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Return a function that reads a file and returns why it is refused, in one line."""

    def run(content: Any) -> str:
        path = tmp_path / "elsewhere.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        with pytest.raises(TrainingError) as caught:
            onnx_file.read(path)
        text = str(caught.value)
        assert "\n" not in text
        assert len(text) < 600
        assert "/onnxruntime" not in text
        return text

    return run


def test_a_newer_ir_version_names_both_versions(refusal: Refusal) -> None:
    text = refusal(changed(ir_version=99))
    assert text.startswith(f"elsewhere.onnx has IR version 99; {RUNTIME} supports ")
    known = text.split("supports ")[1].split()[0]
    assert f"Set ir_version = {known} on the model" in text
    assert 10 <= int(known) < 99


def random(*nodes: onnx.NodeProto, **constants: bool) -> onnx.ModelProto:
    """Return a graph whose answer comes from the last of some nodes."""
    values = [numpy_helper.from_array(np.array(each), name) for name, each in constants.items()]
    inputs: list[Any] = [("X", FLOAT, [None, 2])]
    return graph_of(nodes, inputs, [("Y", FLOAT, [None, 2])], initializers=values)


RATIO = helper.make_node("Constant", [], ["ratio"], value_float=0.5)
MODE = numpy_helper.from_array(np.array(True), "mode")
BRANCH = helper.make_graph(
    [helper.make_node("RandomUniform", [], ["B"], shape=[1, 2])],
    "branch",
    [],
    [helper.make_tensor_value_info("B", FLOAT, [1, 2])],
)


@pytest.mark.parametrize(
    ("graph", "operator"),
    [
        pytest.param(
            random(helper.make_node("RandomNormalLike", ["X"], ["Y"])),
            "RandomNormalLike",
            id="noise",
        ),
        pytest.param(random(helper.make_node("Bernoulli", ["X"], ["Y"])), "Bernoulli", id="a coin"),
        pytest.param(
            random(
                helper.make_node("If", ["on"], ["Y"], then_branch=BRANCH, else_branch=BRANCH),
                on=True,
            ),
            "RandomUniform",
            id="in a branch",
        ),
        pytest.param(
            random(RATIO, helper.make_node("Dropout", ["X", "ratio", "mode"], ["Y"]), mode=True),
            "Dropout in training mode",
            id="dropout",
        ),
        pytest.param(
            random(
                RATIO,
                helper.make_node("Constant", [], ["mode"], value=MODE),
                helper.make_node("Dropout", ["X", "ratio", "mode"], ["Y"]),
            ),
            "Dropout in training mode",
            id="dropout by a node",
        ),
    ],
)
def test_a_graph_that_answers_by_chance_is_refused(
    refusal: Refusal, graph: onnx.ModelProto, operator: str
) -> None:
    assert refusal(graph).startswith(
        f"elsewhere.onnx answers by chance: it has {operator}. Export it in evaluation mode"
    )


@pytest.mark.parametrize(
    "node",
    [
        pytest.param(helper.make_node("Dropout", ["X"], ["Y"]), id="alone"),
        pytest.param(helper.make_node("Dropout", ["X", "ratio", "mode"], ["Y"]), id="off"),
    ],
)
def test_dropout_in_evaluation_mode_is_accepted(tmp_path: Path, node: onnx.NodeProto) -> None:
    path = tmp_path / "elsewhere.onnx"
    path.write_bytes(random(RATIO, node, mode=False).SerializeToString())
    assert onnx_file.read(path).graph.node[1].op_type == "Dropout"


@pytest.mark.parametrize(("domain", "name"), [("", "ai.onnx"), ("ai.onnx.ml", "ai.onnx.ml")])
def test_a_newer_opset_names_both_versions(refusal: Refusal, domain: str, name: str) -> None:
    text = refusal(with_opset(domain, 99))
    assert text.startswith(f"elsewhere.onnx has opset 99 of {name}; {RUNTIME} supports ")
    known = text.split("supports ")[1].split()[0]
    assert f"target_opset={known} or opset_version={known}" in text


def test_an_opset_before_the_oldest_is_refused(refusal: Refusal) -> None:
    assert refusal(with_opset("", 6)) == (
        f"elsewhere.onnx has opset 6; {RUNTIME} supports 7 and newer. Export it again by a newer "
        "version of its tool."
    )


@pytest.mark.parametrize("domain", ["com.acme", "ai.onnx.contrib"])
def test_a_custom_operator_is_named(refusal: Refusal, domain: str) -> None:
    assert refusal(with_operator("Tokenize", domain)) == (
        f"elsewhere.onnx uses the custom operator Tokenize of the domain {domain}, which {RUNTIME} "
        "does not have. Export it again with standard operators only, or serve it by `load_model` "
        "with a runtime of your own."
    )


def test_an_operator_that_the_opset_does_not_have_is_named(refusal: Refusal) -> None:
    assert refusal(with_operator("Attention")) == (
        "elsewhere.onnx uses the operator Attention, which opset 18 does not have. "
        "Export it again by a newer version of its tool."
    )


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param(b"", "no nodes", id="empty"),
        pytest.param(b"no graph", "Error parsing message", id="noise"),
        pytest.param(matrix().SerializeToString()[:-9], "Error parsing message", id="cut off"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull", id="Git LFS"),
        pytest.param(b"PK\x03\x04rest", "PyTorch or Keras", id="zip archive"),
        pytest.param(b"\x89HDF\r\n", "HDF5", id="HDF5"),
        pytest.param(b"\x80\x04\x95", "pickle", id="pickle"),
        pytest.param(b"<!doctype html>", "web page", id="HTML"),
    ],
)
def test_a_file_without_a_graph_says_what_it_is(
    refusal: Refusal, content: bytes, named: str
) -> None:
    text = refusal(content)
    assert text.startswith("elsewhere.onnx is not an ONNX graph: ")
    assert named in text


def test_a_graph_that_contradicts_itself_is_refused(refusal: Refusal) -> None:
    model: onnx.ModelProto = matrix()
    model.graph.node[0].input[0] = "nowhere"
    assert "elsewhere.onnx is not an ONNX graph" in refusal(model)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.onnx cannot be read: No such file"):
        onnx_file.read(tmp_path / "none.onnx")


def test_the_runtimes_other_complaints_are_shown(refusal: Refusal) -> None:
    assert onnx_file.explain(
        Path("some", "x.onnx"), "[ONNXRuntimeError] : 1 : FAIL : no\n room. "
    ) == (f"x.onnx is not an ONNX graph that {RUNTIME} loads: no room")


@pytest.fixture
def external(tmp_path: Path) -> Path:
    """Return a graph whose weights lie in a file beside it."""
    graph = graph_of(
        [helper.make_node("Mul", ["X", "two"], ["Y"])],
        [("X", FLOAT, [None, 2])],
        [("Y", FLOAT, [None, 2])],
        initializers=[numpy_helper.from_array(np.array([2, 2], dtype=np.float32), "two")],
    )
    path = tmp_path / "elsewhere.onnx"
    onnx.save(graph, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def test_weights_beside_the_graph_are_read_with_it(external: Path) -> None:
    model = onnx_file.read(external)
    (weight,) = model.graph.initializer
    assert numpy_helper.to_array(weight).tolist() == [2, 2]
    assert onnx_file.files_of(external) == [external, external.with_name("weights.bin")]
    assert onnx_file.external_files(model) == []


def test_missing_weights_are_named(external: Path) -> None:
    external.with_name("weights.bin").unlink()
    with pytest.raises(TrainingError) as caught:
        onnx_file.read(external)
    assert str(caught.value) == (
        "elsewhere.onnx has its weights in weights.bin, which is not beside it. Copy both files, "
        "or export one: torch.onnx.export(…, external_data=False)."
    )

"""Changes to a graph keep its answers and give it the names that serving expects."""

from itertools import permutations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from modelserve.training import graphs
from onnx import helper

OPSET = [helper.make_opsetid("", 18)]


@pytest.fixture
def doubling() -> onnx.ModelProto:
    """Return a graph that doubles its input, beside a second output."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["twice"]),
            helper.make_node("Identity", ["twice"], ["other"]),
        ],
        "model",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 2])],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 2])
            for name in ("twice", "other")
        ],
    )
    return helper.make_model(graph, opset_imports=OPSET, ir_version=9)


def run(model: onnx.ModelProto) -> tuple[list[str], list[str], list[list[float]]]:
    """Return the graph's inputs and outputs by name, and its first answer to a row."""
    session = ort.InferenceSession(graphs.to_bytes(model))
    names = [each.name for each in session.get_inputs()]
    outputs = [each.name for each in session.get_outputs()]
    answers = session.run(None, {names[0]: np.array([[1, 2]], dtype=np.float32)})
    return names, outputs, answers[0].tolist()


def test_a_value_is_renamed_wherever_it_is_mentioned(doubling: onnx.ModelProto) -> None:
    graphs.rename(doubling, "x", "features")
    graphs.rename(doubling, "twice", "value")
    assert run(doubling) == (["features"], ["value", "other"], [[2, 4]])


def test_one_output_is_kept_with_its_shape(doubling: onnx.ModelProto) -> None:
    graphs.keep_output(doubling, "other", width=2)
    (output,) = doubling.graph.output
    assert graphs.size_of(output) == [-1, 2]
    assert output.type.tensor_type.shape.dim[0].dim_param == "n"
    assert run(doubling) == (["x"], ["other"], [[2, 4]])


def test_an_axis_without_a_name_is_called_rows(doubling: onnx.ModelProto) -> None:
    doubling.graph.input[0].type.tensor_type.shape.dim[0].Clear()
    graphs.keep_output(doubling, "twice", width=2)
    assert doubling.graph.output[0].type.tensor_type.shape.dim[0].dim_param == "rows"


def test_nodes_can_be_inserted_before_all_others(doubling: onnx.ModelProto) -> None:
    graphs.rename(doubling, "x", "inner")
    doubling.graph.input[0].name = "x"
    graphs.prepend(doubling, helper.make_node("Neg", ["x"], ["inner"]))
    assert run(doubling) == (["x"], ["twice", "other"], [[-2, -4]])


def test_a_graph_of_another_domain_gets_the_default_one_too(doubling: onnx.ModelProto) -> None:
    del doubling.opset_import[:]
    doubling.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    graphs.to_bytes(doubling)
    assert {each.domain for each in doubling.opset_import} == {"ai.onnx.ml", ""}


def test_what_has_no_order_is_sorted(doubling: onnx.ModelProto) -> None:
    body = helper.make_node("Add", ["y", "y"], ["z"])
    domains = [("", 18), ("own", 1), ("ai.onnx.ml", 3)]
    contents = set()
    for order in permutations(domains):
        model = onnx.ModelProto()
        model.CopyFrom(doubling)
        imports = [helper.make_opsetid(*each) for each in order]
        model.functions.append(helper.make_function("own", "Twice", ["y"], ["z"], [body], imports))
        for part in (model, model.graph, model.functions[0]):
            if part is not model.graph:
                del part.opset_import[:]
                part.opset_import.extend(imports)
            for domain, _ in order:
                part.metadata_props.add(key=f"of {domain}", value="x")
        contents.add(graphs.to_bytes(model))
    (content,) = contents
    graph = onnx.load_from_string(content)
    expected = [("ai.onnx.ml", 3), ("own", 1), ("", 18)]
    assert [(each.domain, each.version) for each in graph.opset_import] == expected


def test_an_invalid_graph_is_rejected(doubling: onnx.ModelProto) -> None:
    doubling.graph.node[0].op_type = "NoSuchThing"
    with pytest.raises(onnx.checker.ValidationError):
        graphs.to_bytes(doubling)

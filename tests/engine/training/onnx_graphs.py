"""ONNX graphs as other tools export them."""

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
INT64, STRING = TensorProto.INT64, TensorProto.STRING

Value = tuple[str, int, list[int | str | None]]


def graph_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    *,
    initializers: Sequence[onnx.TensorProto] = (),
    opset: int = 18,
) -> onnx.ModelProto:
    """Return a graph as another tool may have exported it."""
    values = [[helper.make_tensor_value_info(*each) for each in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "elsewhere", *values, initializer=initializers)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def matrix(name: str = "X", out: str = "Y", *, kind: int = FLOAT, opset: int = 18) -> Any:
    """Return a graph that returns its matrix of two columns."""
    node = helper.make_node("Identity", [name], [out])
    shape: list[int | str | None] = [None, 2]
    return graph_of([node], [(name, kind, shape)], [(out, kind, shape)], opset=opset)


def named(*names: str, kind: int = FLOAT) -> onnx.ModelProto:
    """Return a graph with an input a column, which stand side by side in its output."""
    node = helper.make_node("Concat", list(names), ["Y"], axis=1)
    inputs: list[Value] = [(name, kind, [None, 1]) for name in names]
    return graph_of([node], inputs, [("Y", kind, [None, len(names)])])

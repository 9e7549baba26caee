"""ONNX graphs as other tools export them."""

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

FLOAT, DOUBLE, HALF = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16
INT64, BOOL, STRING = TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING

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


def matrix(
    name: str = "X",
    out: str = "Y",
    *,
    kind: int = FLOAT,
    opset: int = 18,
    size: Sequence[int | str | None] = (None, 2),
) -> Any:
    """Return a graph that returns its matrix of two columns."""
    node = helper.make_node("Identity", [name], [out])
    shape = list(size)
    return graph_of([node], [(name, kind, shape)], [(out, kind, shape)], opset=opset)


def named(*names: str, kind: int = FLOAT, flat: bool = False) -> onnx.ModelProto:
    """Return a graph with an input a column, which stand side by side in its output."""
    shape: list[int | str | None] = [None] if flat else [None, 1]
    inputs: list[Value] = [(name, kind, shape) for name in names]
    last = helper.make_tensor("last", INT64, [1], [1])
    wide = [
        node
        for each in names
        for node in (
            helper.make_node("Einsum", [each], [f"{each}_flat"], equation="i->i"),  # of one axis
            helper.make_node("Unsqueeze", [f"{each}_flat", "last"], [f"{each}_wide"]),
        )
    ]
    sources = [f"{each}_wide" for each in names] if flat else list(names)
    join = helper.make_node("Concat", sources, ["Y"], axis=1)
    nodes = [*wide, join] if flat else [join]
    outputs: list[Value] = [("Y", kind, [None, len(names)])]
    return graph_of(nodes, inputs, outputs, initializers=[last] if flat else [])

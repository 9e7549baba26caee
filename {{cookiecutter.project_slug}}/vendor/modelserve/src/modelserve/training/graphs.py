"""Small repairs to ONNX graphs, so that all of them look alike to serving."""

from collections.abc import Sequence

import onnx
from onnx import helper

# The one output of every graph here, by the task.
PROBABILITIES, VALUE = "probabilities", "value"

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)


def output_name(labels: Sequence[str]) -> str:
    """Return what a graph's output is called: probabilities of labels, or a value."""
    return PROBABILITIES if labels else VALUE


def rename(model: onnx.ModelProto, old: str, new: str) -> None:
    """Give one value of the graph another name wherever it is mentioned."""
    graph = model.graph
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.name == old:
            value.name = new


def prepend(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    """Put nodes before all others."""
    later = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *later])


def keep_output(model: onnx.ModelProto, name: str, *, width: int) -> None:
    """Leave the graph one output, float32 of shape (rows, width)."""
    shape: list[str | int | None] = [_rows(model), width]
    del model.graph.output[:]
    made = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    model.graph.output.append(made)


def to_bytes(model: onnx.ModelProto) -> bytes:
    """Return the graph's file, the same bytes for the same graph.

    Raises:
        onnx.checker.ValidationError: the graph is none that can be run.
    """
    if not any(each.domain in ("", "ai.onnx") for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 13))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def size_of(value: onnx.ValueInfoProto) -> list[int]:
    """Return a value's shape, -1 where it is free; empty where it is no tensor or not known."""
    shape = value.type.tensor_type.shape
    return [axis.dim_value if axis.HasField("dim_value") else -1 for axis in shape.dim]


def _rows(model: onnx.ModelProto) -> str:
    """Return the name of the free axis of the first input."""
    axes = model.graph.input[0].type.tensor_type.shape.dim
    return (axes[0].dim_param if axes else "") or "rows"

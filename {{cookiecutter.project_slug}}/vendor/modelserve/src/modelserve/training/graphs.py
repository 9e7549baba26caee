"""Edit ONNX graphs, so that serving finds the same inputs and output in all of them."""

import shlex
from collections.abc import Iterable, Sequence

import onnx
from onnx import helper

# The name of a graph's only output, by the task.
PROBABILITIES, VALUE = "probabilities", "value"

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)
PROBABILISTIC = {
    *("LinearClassifier", "Normalizer", "Sigmoid", "Softmax", "SVMClassifier"),
    *("TreeEnsembleClassifier", "ZipMap"),
}
MIN_IR_VERSION = 4  # before it, every initializer had to be an input, too


def output_name(labels: Sequence[str]) -> str:
    """Return the name of a graph's output: probabilities of labels, or a value."""
    return PROBABILITIES if labels else VALUE


def rename(model: onnx.ModelProto, old: str, new: str) -> None:
    """Rename a value of the graph everywhere."""
    graph = model.graph
    _rename_in(graph.node, old, new)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        if value.name == old:
            value.name = new


def _rename_in(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    """Rename a value in nodes, and in the branches and loops that use it."""
    for node in nodes:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
        for attribute in node.attribute:
            _rename_in(attribute.g.node, old, new)


def prepend(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    """Insert nodes before all others."""
    later = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *later])


def keep_output(model: onnx.ModelProto, name: str, *, width: int) -> None:
    """Keep one output, float32 of shape (rows, width)."""
    shape: list[str | int | None] = [_rows(model), width]
    del model.graph.output[:]
    output = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    model.graph.output.append(output)


def clip_output(model: onnx.ModelProto, name: str) -> None:
    """Clip the last output, which gets a name, to 0 to 1: a sum of shares may lie beyond."""
    sums = f"{name}_unclipped"
    rename(model, model.graph.output[-1].name, sums)
    ends = (f"{name}_least", 0.0), (f"{name}_most", 1.0)
    for end, value in ends:
        tensor = helper.make_tensor(end, onnx.TensorProto.FLOAT, [], [value])
        model.graph.initializer.append(tensor)
    model.graph.node.append(helper.make_node("Clip", [sums, *(end for end, _ in ends)], [name]))


def to_bytes(model: onnx.ModelProto) -> bytes:
    """Return the graph's file, the same bytes for the same graph in every process.

    Raises:
        onnx.checker.ValidationError: the graph is invalid.
    """
    model.ir_version = max(model.ir_version, MIN_IR_VERSION)
    if not any(each.domain in ("", "ai.onnx") for each in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 13))
    sort_sets(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def sort_sets(model: onnx.ModelProto) -> None:
    """Sort what has no order: skl2onnx takes it from sets, which PYTHONHASHSEED shuffles."""
    for part in (model, *model.functions):
        # The default domain comes last, as in the graphs of the sample projects.
        part.opset_import.sort(key=lambda each: (each.domain == "", each.domain, each.version))
    for each in (model, model.graph, *model.functions):
        each.metadata_props.sort(key=lambda entry: (entry.key, entry.value))


def size_of(value: onnx.ValueInfoProto) -> list[int]:
    """Return a value's shape, -1 for a free axis; empty if it is unknown or not a tensor."""
    shape = value.type.tensor_type.shape
    return [axis.dim_value if axis.HasField("dim_value") else -1 for axis in shape.dim]


def maker_of(graph: onnx.GraphProto, output: str) -> str:
    """Return the type of the node that computes an output, behind casts and copies."""
    makers = {name: node for node in graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in ("Cast", "Identity"):
        node = makers.get(node.input[0])
    return "" if node is None else str(node.op_type)


def suggest_output(graph: onnx.GraphProto, names: Sequence[str]) -> str:
    """Return how one of several outputs is chosen: the one that looks like probabilities."""
    makers = {name: maker_of(graph, name) for name in names}
    likely = [name for name in names if makers[name] in PROBABILISTIC]
    name = next(iter(likely), names[-1])
    return f"Choose one by --output-name, such as --output-name {shlex.quote(name)}."


def describe(value: onnx.ValueInfoProto) -> str:
    """Return a value's name, type and shape, such as "probabilities float [-1, 3]"."""
    kind = value.type.WhichOneof("value") or "unknown"
    if kind != "tensor_type":
        return f"{value.name} {kind.removesuffix('_type')}"
    element = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    return f"{value.name} {element} {size_of(value)}"


def _rows(model: onnx.ModelProto) -> str:
    """Return the name of the free axis of the first input."""
    axes = model.graph.input[0].type.tensor_type.shape.dim
    return (axes[0].dim_param if axes else "") or "rows"

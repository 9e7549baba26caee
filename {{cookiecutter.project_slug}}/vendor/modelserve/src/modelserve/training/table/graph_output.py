"""Select the output of an ONNX graph from another tool, and normalise it for serving."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...errors import TrainingError
from .. import graphs

CLASS_LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
Added = tuple[list[onnx.NodeProto], dict[str, NDArray[Any]]]  # nodes, and constants by name
LISTED = 10  # outputs and labels in an error


def connect_output(
    graph: onnx.ModelProto, labels: Sequence[str], *, softmax: bool, name: str | None = None
) -> None:
    """Keep the output that holds the probabilities or the values, as float32 of a fixed width.

    One number a row for two labels is the probability of the second one, or its score.

    Args:
        graph: changed in place.
        labels: in the order of the outputs; none for a regressor.
        softmax: convert scores to probabilities.
        name: of the output; the only one that fits by default.

    Raises:
        TrainingError: no output fits the labels, several do, or the graph has other labels.
    """
    output = select_output(graph, labels, name)
    if labels:
        check_class_labels(graph, output.name, labels)
    maps = {node.output[0]: node for node in graph.graph.node if node.op_type == "ZipMap"}
    source, size = output.name, graphs.size_of(output)
    single = len(labels) == 2 and (len(size) == 1 or size[1:] == [1])
    if source in maps:  # a list of mappings; its input is the matrix
        graph.graph.node.remove(maps[source])
        source, single = maps[source].input[0], False
    final = graphs.output_name(labels)
    # The number of nodes makes the names unique, also after an earlier import.
    original = f"answer_{len(graph.graph.node)}"
    graphs.rename(graph, source, original)
    graphs.rename(graph, final, f"{original}_unused")
    # A width that the graph leaves open is checked by running it: to set one would change the rows.
    width = None if size[1:] == [-1] else 1 if single else max(len(labels), 1)
    last = f"{original}_matrix"
    nodes, constants = _to_matrix(original, last, width)
    if single:
        pair = _pair(last, f"{original}_pair", softmax=softmax)
        nodes, constants, last = nodes + pair[0], constants | pair[1], f"{original}_pair"
    nodes.append(
        helper.make_node("Softmax", [last], [final], axis=-1)
        if softmax
        else helper.make_node("Identity", [last], [final])
    )
    graph.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items()
    )
    graph.graph.node.extend(nodes)
    graphs.keep_output(graph, final, width=max(len(labels), 1))


def _to_matrix(source: str, result: str, width: int | None) -> Added:
    """Return what makes a float32 matrix of a value; without a width, it is one already."""
    if width is None:
        return [helper.make_node("Cast", [source], [result], to=TensorProto.FLOAT)], {}
    shape = np.array([-1, width], dtype=np.int64)
    nodes = [
        helper.make_node("Cast", [source], [f"{result}_float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", [f"{result}_float", f"{result}_shape"], [result]),
    ]
    return nodes, {f"{result}_shape": shape}


def _pair(source: str, result: str, *, softmax: bool) -> Added:
    """Return what makes two columns of the second label's probability p or score z.

    They are (1 - p, p); or with softmax, (0, z), for softmax makes sigmoid(z) of the second.
    """
    first, factor = (0, 0) if softmax else (1, -1)
    nodes = [
        helper.make_node("Mul", [source, f"{result}_factor"], [f"{result}_scaled"]),
        helper.make_node("Add", [f"{result}_scaled", f"{result}_first"], [f"{result}_other"]),
        helper.make_node("Concat", [f"{result}_other", source], [result], axis=1),
    ]
    constants = {"factor": factor, "first": first}
    return nodes, {
        f"{result}_{name}": np.array(value, dtype=np.float32) for name, value in constants.items()
    }


def select_output(
    graph: onnx.ModelProto, labels: Sequence[str], name: str | None
) -> onnx.ValueInfoProto:
    """Return the output of a name, or the only one that fits the labels.

    Raises:
        TrainingError: none does, or several do.
    """
    n_outputs = max(len(labels), 1)
    outputs: list[onnx.ValueInfoProto] = list(graph.graph.output)
    listed = ", ".join(map(graphs.describe, outputs[:LISTED]))
    if name is not None:
        outputs = [each for each in outputs if each.name == name]
        if not outputs:
            raise TrainingError(f"The graph has no output {name}. It has {listed}.")
    zipped = {node.output[0] for node in graph.graph.node if node.op_type == "ZipMap"}
    ranks = {each.name: _rank(each, n_outputs, zipped) for each in outputs}
    names = [name for name, rank in ranks.items() if rank and rank == max(ranks.values())]
    if len(names) > 1:
        raise TrainingError(
            f"Several outputs of the graph fit: {', '.join(names[:LISTED])}. "
            f"{graphs.suggest_output(graph.graph, names)}"
        )
    if names:
        (chosen,) = (each for each in outputs if each.name == names[0])
        return chosen
    raise TrainingError(_nothing_fits(outputs, labels, listed))


def check_class_labels(graph: onnx.ModelProto, output: str, labels: Sequence[str]) -> None:
    """Check labels against those of the classifier that an output comes from.

    Args:
        graph: has the output.
        output: its name.
        labels: in the order of the outputs.

    Raises:
        TrainingError: it has another number of them, or the same ones in another order.
    """
    makers = {name: node for node in graph.graph.node for name in node.output}
    node, known = makers.get(output), list[str]()
    while node is not None and not known:
        known = _class_labels(node)
        node = makers.get(node.input[0]) if len(node.input) == 1 else None
    listed = ", ".join(known[:LISTED])
    if known and len(known) != len(labels):
        raise TrainingError(
            f"The graph has {len(known)} labels, {listed}; --labels names {len(labels)}."
        )
    if set(known) == set(labels) and list(labels) != known:
        raise TrainingError(
            f"The graph's outputs are in the order {listed}; give --labels in this order."
        )


def _class_labels(node: onnx.NodeProto) -> list[str]:
    """Return the labels in a node's attributes."""
    for attribute in node.attribute:
        if attribute.name in CLASS_LABELS:
            values = helper.get_attribute_value(attribute)
            return [each.decode() if isinstance(each, bytes) else str(each) for each in values]
    return []


def _rank(value: onnx.ValueInfoProto, n_outputs: int, zipped: set[str]) -> int:
    """Return how well an output fits, 0 if it does not.

    Args:
        value: the output.
        n_outputs: the numbers a row that are wanted.
        zipped: outputs that are lists of mappings from labels to probabilities.
    """
    tensor, size = value.type.tensor_type, graphs.size_of(value)
    if value.name in zipped:
        return 3
    if tensor.elem_type not in graphs.FLOATS:
        return 0
    if not tensor.HasField("shape"):
        return 2
    if len(size) not in (1, 2):
        return 0
    width = size[1] if len(size) == 2 else 1
    return {n_outputs: 3, -1: 2}.get(width, int(width == 1 and n_outputs == 2))


def _nothing_fits(
    outputs: Sequence[onnx.ValueInfoProto], labels: Sequence[str], listed: str
) -> str:
    """Return why no output fits, and the way out."""
    n_outputs = max(len(labels), 1)
    wanted = f"{n_outputs} numbers a row, one for each label" if labels else "1 number a row"
    tensors = [each.type.tensor_type for each in outputs if each.type.HasField("tensor_type")]
    if tensors and not any(each.elem_type in graphs.FLOATS for each in tensors):
        way = "Export its probabilities, not its labels." if labels else "Add a Cast to float."
    elif all(each.HasField("shape") and not each.shape.dim for each in tensors):
        way = "Export an output with one answer a row, not one for all of them."
    elif labels:
        way = "Name the labels of the graph by --labels, or export its probabilities."
    else:
        way = 'For a classifier, set task = "classifier" in config/training.toml.'
    return f"No output of the graph has {wanted}. It has {listed}. {way}"

"""Normalise a transformer's graph to the inputs and the output of all text models."""

import shutil
import tempfile
from pathlib import Path

import onnx
from onnx import helper

from ...errors import TrainingError
from ...tokens import IDS, MASK
from .. import graphs

TYPES = "token_type_ids"


def normalise(model: onnx.ModelProto, *, n_labels: int, softmax: bool) -> None:
    """Change a graph to take int64 ids and a mask, and to return probabilities.

    Args:
        model: the graph, changed in place.
        n_labels: the width of its output.
        softmax: convert its scores to probabilities.

    Raises:
        TrainingError: its inputs or outputs are not those of a text classifier.
    """
    graph = model.graph
    types = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    if not {IDS, MASK} <= types.keys() <= {IDS, MASK, TYPES}:
        raise TrainingError(
            f"The graph takes {', '.join(types)}; a text model's takes {IDS} and {MASK}, "
            f"and may take {TYPES}."
        )
    nodes = []
    for name, element in types.items():
        origin, inner = name, name
        if name == TYPES:  # a single text: every token is of type 0
            origin = f"{name}_long"
            nodes.append(helper.make_node("Sub", [IDS, IDS], [origin]))
        elif element != onnx.TensorProto.INT64:
            inner = f"{name}_short"
            graphs.rename(model, name, inner)
        if origin != inner:
            nodes.append(helper.make_node("Cast", [origin], [inner], to=element))
    graphs.prepend(model, *nodes)
    del graph.input[:]
    for name in (IDS, MASK):
        shape = ["rows", "tokens"]
        graph.input.append(helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape))
    size = graphs.size_of(graph.output[0])
    if size and (len(size) != 2 or size[-1] not in (-1, n_labels)):
        raise TrainingError(
            f"The graph's output has shape {size}; {n_labels} numbers a text are needed."
        )
    # The number of nodes makes the name unique, also after an earlier import.
    original = f"{graphs.PROBABILITIES}_{len(graph.node)}"
    graphs.rename(model, graph.output[0].name, original)
    end = [
        helper.make_node("Cast", [original], [f"{original}_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node(
            "Softmax" if softmax else "Identity", [f"{original}_float"], [graphs.PROBABILITIES]
        ),
    ]
    graph.node.extend(end)
    graphs.keep_output(model, graphs.PROBABILITIES, width=n_labels)


def load(graph: Path) -> onnx.ModelProto:
    """Return a graph with its weights, even if they are links beside it.

    The Hub's cache stores them so, and onnx follows no link to weights.
    """
    weights = [path for path in graph.parent.glob(f"{graph.name}?data") if path.is_symlink()]
    if not weights:
        return onnx.load(graph)
    with tempfile.TemporaryDirectory() as scratch:
        for path in (graph, *weights):
            shutil.copyfile(path, Path(scratch, path.name))
        return onnx.load(Path(scratch, graph.name))

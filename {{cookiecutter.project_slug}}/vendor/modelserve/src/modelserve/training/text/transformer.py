"""Normalise a transformer's graph to the inputs and the output of all text models."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import onnx
from onnx import helper

from ...errors import TrainingError
from ...tokens import IDS, MASK
from .. import graphs, onnx_file

TYPES = "token_type_ids"


class GraphFile(NamedTuple):
    """A graph's path, and which of its outputs is converted how.

    Args:
        path: of the file.
        softmax: convert its scores to probabilities, unless the graph does so already.
        output_name: of its output; the only one that fits by default.
    """

    path: Path
    softmax: bool = True
    output_name: str | None = None


def normalise(model: onnx.ModelProto, file: GraphFile, *, n_labels: int) -> None:
    """Change a graph to take int64 ids and a mask, and to return probabilities.

    Args:
        model: the graph, changed in place.
        file: says which output is converted how.
        n_labels: the width of the output.

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
    source = _select_output(graph, n_labels, file.output_name)
    last = graphs.maker_of(graph, source)
    if last == "Sigmoid":
        raise TrainingError(
            "The graph ends in Sigmoid: it gives a text many labels; only models that give one "
            "are supported."
        )
    # The number of nodes makes the name unique, also after an earlier import.
    original = f"{graphs.PROBABILITIES}_{len(graph.node)}"
    graphs.rename(model, source, original)
    graphs.rename(model, graphs.PROBABILITIES, f"{original}_unused")
    converts = file.softmax and last != "Softmax"
    end = [
        helper.make_node("Cast", [original], [f"{original}_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node(
            "Softmax" if converts else "Identity", [f"{original}_float"], [graphs.PROBABILITIES]
        ),
    ]
    graph.node.extend(end)
    graphs.keep_output(model, graphs.PROBABILITIES, width=n_labels)


def _select_output(graph: onnx.GraphProto, n_labels: int, name: str | None) -> str:
    """Return the name of the output with a number for each label.

    Raises:
        TrainingError: there is none, or there are several.
    """
    listed = ", ".join(map(graphs.describe, graph.output))
    outputs = [each for each in graph.output if name in (None, each.name)]
    if not outputs:
        raise TrainingError(f"The graph has no output {name}. It has {listed}.")
    sizes = {each.name: graphs.size_of(each) for each in outputs}
    widths = [[-1], [n_labels]]
    fitting: list[str] = [each for each, size in sizes.items() if not size or size[1:] in widths]
    if len(fitting) > 1:
        raise TrainingError(
            f"Several outputs of the graph fit: {listed}. {graphs.suggest_output(graph, fitting)}"
        )
    if not fitting:
        size = sizes[outputs[0].name]
        raise TrainingError(
            f"The graph's output has shape {size}; {n_labels} numbers a text are needed."
        )
    return fitting[0]


def load(path: Path) -> onnx.ModelProto:
    """Return a graph with its weights, even if they are links beside it.

    The Hub's cache stores them so, and neither onnx nor ONNX Runtime follows a link to weights.

    Raises:
        TrainingError: the file is no graph, lacks its weights, or needs another ONNX Runtime.
    """
    weights = [each for each in path.parent.glob(f"{path.name}?data") if each.is_symlink()]
    if not weights:
        return onnx_file.read(path)
    with tempfile.TemporaryDirectory() as scratch:
        for each in (path, *weights):
            shutil.copyfile(each, Path(scratch, each.name))
        return onnx_file.read(Path(scratch, path.name))

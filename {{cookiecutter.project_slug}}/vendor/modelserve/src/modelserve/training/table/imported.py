"""Import an ONNX graph from another tool as the model of a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ... import artifact
from ...errors import FieldError, InvalidInputError, TrainingError
from .. import graphs
from ..exported_model import ExportedModel
from ..sections import Options
from .table import Table

LIBRARIES = ("onnx", "onnxruntime")


class TableImporter:
    """Replace `train` by an import.

    The graph may take all columns in one matrix of numbers, in their order, or each column in an
    input with the column's name. It returns a probability for each label, or one value.

    Args:
        path: of the ONNX file.
        labels: in the order of the graph's outputs; none for a regressor.
        softmax: convert the graph's scores to probabilities.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], *, softmax: bool) -> None:
        """Keep the arguments."""
        self._path = path
        self._labels = labels
        self._softmax = softmax

    def __call__(self, training: Table, options: Options, seed: int) -> ExportedModel:
        """Return the graph, connected to the columns of `training`.

        Raises:
            TrainingError: the file is not an ONNX graph, or has no output that fits the labels.
            InvalidInputError: its inputs are not the table's columns; each one is named.
        """
        del options, seed
        try:
            graph = onnx.load(self._path)
            onnx.checker.check_model(graph)
        except Exception as error:  # onnx raises errors of many types
            raise TrainingError(f"{self._path} is not an ONNX graph: {error}") from error
        connect_inputs(graph, training)
        connect_output(graph, self._labels, softmax=self._softmax)
        provenance = {"source": self._path.name, "SHA-256": artifact.sha256(self._path)}
        files = {artifact.MODEL: graphs.to_bytes(graph)}
        return ExportedModel(files, self._labels, None, LIBRARIES, provenance)


def connect_inputs(graph: onnx.ModelProto, training: Table) -> None:
    """Connect the graph's inputs to the tensors of a table.

    Raises:
        InvalidInputError: its inputs are not the table's columns; each one is named.
    """
    columns = {name: array.shape[1] for name, array in training.tensors().items()}
    constants = {each.name for each in graph.graph.initializer}  # old graphs list them as inputs
    inputs = [value for value in graph.graph.input if value.name not in constants]
    sizes = {value.name: graphs.size_of(value) for value in inputs}
    types = {value.name: value.type.tensor_type.elem_type for value in inputs}
    nodes: list[onnx.NodeProto] = []
    for name in sizes:
        graphs.rename(graph, name, f"{name}_original")
    if len(sizes) == 1 and list(columns) == ["features"]:
        ((name, size),) = sizes.items()
        if len(size) != 2 or size[1] not in (-1, columns["features"]):
            problem = f"takes {size}, the table has {columns['features']} columns"
            raise InvalidInputError([FieldError(name, problem)])
        nodes.append(helper.make_node("Cast", ["features"], [f"{name}_original"], to=types[name]))
    else:
        places = training.places()
        if problems := _mismatches(sizes, types, places):
            raise InvalidInputError(problems)
        for name in sizes:
            tensor, i = places[name]
            index = numpy_helper.from_array(_index(i), f"{name}_place")
            graph.graph.initializer.append(index)
            nodes += [
                helper.make_node("Gather", [tensor, index.name], [f"{name}_column"], axis=1),
                helper.make_node("Cast", [f"{name}_column"], [f"{name}_original"], to=types[name]),
            ]
    graphs.prepend(graph, *nodes)
    del graph.graph.input[:]
    elements = {"features": TensorProto.FLOAT, "categories": TensorProto.STRING}
    graph.graph.input.extend(
        helper.make_tensor_value_info(name, elements[name], ["rows", width])
        for name, width in columns.items()
    )


def _mismatches(
    sizes: Mapping[str, list[int]],
    types: Mapping[str, int],
    places: Mapping[str, tuple[str, int]],
) -> list[FieldError]:
    """Return how a graph's inputs differ from a table's columns, an error for each."""
    unknown = [name for name in sizes if name not in places]
    unused = [name for name in places if name not in sizes]
    known = {name: size for name, size in sizes.items() if name in places}
    wide = {name: size for name, size in known.items() if len(size) != 2 or size[1] not in (-1, 1)}
    texts = [
        name
        for name in known
        if places[name][0] == "categories" and types[name] != TensorProto.STRING
    ]
    return [
        *(FieldError(name, "an input of the graph, but not a column") for name in unknown),
        *(FieldError(name, "a column, but not an input of the graph") for name in unused),
        *(
            FieldError(name, f"takes {size}; a column has one value a row")
            for name, size in wide.items()
        ),
        *(FieldError(name, "takes numbers, but the column holds text") for name in texts),
    ]


def connect_output(graph: onnx.ModelProto, labels: Sequence[str], *, softmax: bool) -> None:
    """Keep the output that holds the probabilities or the values.

    Raises:
        TrainingError: no output fits the labels.
    """
    output_name, n_outputs = graphs.output_name(labels), max(len(labels), 1)
    graphs.rename(graph, output_name, f"{output_name}_original")
    maps = {node.output[0]: node for node in graph.graph.node if node.op_type == "ZipMap"}
    for output in reversed(graph.graph.output):  # the label comes before its probabilities
        name = output.name
        if name in maps:  # a list of mappings; its input is the matrix
            graph.graph.node.remove(maps[name])
            source: str | None = maps[name].input[0]
            break
        size = graphs.size_of(output)
        width = size[-1] if len(size) == 2 else 1
        if output.type.tensor_type.elem_type in graphs.FLOATS and width in (-1, n_outputs):
            source = name
            break
    else:
        source = None
    if source is None:
        raise TrainingError(
            f"No output of the graph has {n_outputs} numbers a row: one for each label, or a value."
        )
    shape = numpy_helper.from_array(_index(-1, n_outputs), "answer_shape")
    graph.graph.initializer.append(shape)
    end = [
        helper.make_node("Cast", [source], ["answer_float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["answer_float", "answer_shape"], ["answer"]),
        helper.make_node("Softmax", ["answer"], [output_name], axis=-1)
        if softmax
        else helper.make_node("Identity", ["answer"], [output_name]),
    ]
    graph.graph.node.extend(end)
    graphs.keep_output(graph, output_name, width=n_outputs)


def _index(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)

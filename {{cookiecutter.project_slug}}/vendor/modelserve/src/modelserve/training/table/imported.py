"""Takes in an ONNX graph that was made elsewhere, so that serving knows it as one of its own."""

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
    """Makes a model of a graph instead of fitting one.

    The graph may take all columns in one matrix of numbers, in their order, or each column in an
    input of the column's name. A classifier gives one probability a label, a regressor a value.

    Args:
        path: where the graph lies.
        labels: in the order of the graph's outputs; none for a regressor.
        softmax: the graph gives scores, which are to become probabilities.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], *, softmax: bool) -> None:
        """Only note what is to be done."""
        self._path = path
        self._labels = labels
        self._softmax = softmax

    def __call__(self, training: Table, options: Options, seed: int) -> ExportedModel:
        """Return the graph, fed by the columns of `training`.

        Raises:
            TrainingError: the file is no ONNX graph, or its outputs are none of this task.
            InvalidInputError: its inputs are not the table's columns; each one is named.
        """
        del options, seed
        try:
            graph = onnx.load(self._path)
            onnx.checker.check_model(graph)
        except Exception as error:  # onnx raises what it pleases
            raise TrainingError(f"{self._path} is no ONNX graph: {error}") from error
        connect_inputs(graph, training)
        connect_output(graph, self._labels, softmax=self._softmax)
        provenance = {"source": self._path.name, "SHA-256": artifact.sha256(self._path)}
        files = {artifact.MODEL: graphs.to_bytes(graph)}
        return ExportedModel(files, self._labels, None, LIBRARIES, provenance)


def connect_inputs(graph: onnx.ModelProto, training: Table) -> None:
    """Feed the graph from the tensors that a table becomes.

    Raises:
        InvalidInputError: as `TableImporter`.
    """
    columns = {name: array.shape[1] for name, array in training.tensors().items()}
    constants = {each.name for each in graph.graph.initializer}  # old graphs list them as inputs
    given = [value for value in graph.graph.input if value.name not in constants]
    sizes = {value.name: graphs.size_of(value) for value in given}
    types = {value.name: value.type.tensor_type.elem_type for value in given}
    nodes: list[onnx.NodeProto] = []
    for name in sizes:
        graphs.rename(graph, name, f"{name}_given")
    if len(sizes) == 1 and list(columns) == ["features"]:
        ((name, size),) = sizes.items()
        if len(size) != 2 or size[1] not in (-1, columns["features"]):
            problem = f"takes {size}, the table has {columns['features']} columns"
            raise InvalidInputError([FieldError(name, problem)])
        nodes.append(helper.make_node("Cast", ["features"], [f"{name}_given"], to=types[name]))
    else:
        places = training.places()
        if problems := _misfits(sizes, types, places):
            raise InvalidInputError(problems)
        for name in sizes:
            tensor, i = places[name]
            index = numpy_helper.from_array(_index(i), f"{name}_place")
            graph.graph.initializer.append(index)
            nodes += [
                helper.make_node("Gather", [tensor, index.name], [f"{name}_alone"], axis=1),
                helper.make_node("Cast", [f"{name}_alone"], [f"{name}_given"], to=types[name]),
            ]
    graphs.prepend(graph, *nodes)
    del graph.graph.input[:]
    elements = {"features": TensorProto.FLOAT, "categories": TensorProto.STRING}
    graph.graph.input.extend(
        helper.make_tensor_value_info(name, elements[name], ["rows", width])
        for name, width in columns.items()
    )


def _misfits(
    sizes: Mapping[str, list[int]],
    types: Mapping[str, int],
    places: Mapping[str, tuple[str, int]],
) -> list[FieldError]:
    """Return what keeps a graph's inputs from being a table's columns, one for each."""
    strangers = [name for name in sizes if name not in places]
    unused = [name for name in places if name not in sizes]
    shared = {name: size for name, size in sizes.items() if name in places}
    wide = {name: size for name, size in shared.items() if len(size) != 2 or size[1] not in (-1, 1)}
    texts = [
        name
        for name in shared
        if places[name][0] == "categories" and types[name] != TensorProto.STRING
    ]
    return [
        *(FieldError(name, "an input of the graph, and no column") for name in strangers),
        *(FieldError(name, "a column, and no input of the graph") for name in unused),
        *(
            FieldError(name, f"takes {size}; one value a row is what a column has")
            for name, size in wide.items()
        ),
        *(FieldError(name, "takes numbers, and the column holds text") for name in texts),
    ]


def connect_output(graph: onnx.ModelProto, labels: Sequence[str], *, softmax: bool) -> None:
    """Leave the graph the one output that this task has.

    Raises:
        TrainingError: no output is one.
    """
    output_name, n_outputs = graphs.output_name(labels), max(len(labels), 1)
    graphs.rename(graph, output_name, f"{output_name}_given")
    maps = {node.output[0]: node for node in graph.graph.node if node.op_type == "ZipMap"}
    for output in reversed(graph.graph.output):  # a label stands before its probabilities
        name = output.name
        if name in maps:  # a list of mappings, made of a matrix
            graph.graph.node.remove(maps[name])
            found: str | None = maps[name].input[0]
            break
        size = graphs.size_of(output)
        wide = size[-1] if len(size) == 2 else 1
        if output.type.tensor_type.elem_type in graphs.FLOATS and wide in (-1, n_outputs):
            found = name
            break
    else:
        found = None
    if found is None:
        wanted = f"{n_outputs} numbers a row"
        raise TrainingError(f"No output of the graph gives {wanted}: one is needed for each label.")
    shape = numpy_helper.from_array(_index(-1, n_outputs), "answer_shape")
    graph.graph.initializer.append(shape)
    end = [
        helper.make_node("Cast", [found], ["answer_float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["answer_float", "answer_shape"], ["answer"]),
        helper.make_node("Softmax", ["answer"], [output_name], axis=-1)
        if softmax
        else helper.make_node("Identity", ["answer"], [output_name]),
    ]
    graph.graph.node.extend(end)
    graphs.keep_output(graph, output_name, width=n_outputs)


def _index(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)

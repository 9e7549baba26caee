"""Connect the inputs of an ONNX graph from another tool to the columns of a table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ...errors import FieldError, InvalidInputError
from .. import graphs
from .table import Table

ELEMENTS = {"features": TensorProto.FLOAT, "categories": TensorProto.STRING}
MAX_FLOAT16 = 65_504


@dataclass
class GraphColumns:
    """A table's tensors, and where each column stands in them."""

    table: Table
    tensors: dict[str, NDArray[np.generic]] = field(init=False)
    places: dict[str, tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """Compute the tensors once."""
        self.tensors, self.places = self.table.tensors(), self.table.places()

    def faults(self, name: str, element: int) -> str:
        """Return why a column's values do not fit an input's type; an empty string if they do.

        Args:
            name: of the column.
            element: the input's type.
        """
        tensor, i = self.places[name]
        if (tensor == "categories") != (element == TensorProto.STRING):
            return (
                "takes numbers, but the column holds text; put the encoding of its categories into "
                "the graph, or give their codes as numbers in the data"
                if tensor == "categories"
                else "takes text, but the column holds numbers; make it a category in the data"
            )
        if tensor == "categories" or element in (TensorProto.FLOAT, TensorProto.DOUBLE):
            return ""
        values = self.tensors[tensor][:, i].astype(np.float32)
        kind = type_of(element)
        if np.isnan(values).any() and element not in graphs.FLOATS:
            return f"takes {kind}, but the column has missing values"
        values = values[~np.isnan(values)]
        if element == TensorProto.FLOAT16:
            wrong = values[np.abs(values) > MAX_FLOAT16]
        elif element == TensorProto.BOOL:
            wrong = values[(values != 0) & (values != 1)]
        else:
            wrong = values[values != np.round(values)]
        return f"takes {kind}, but the column holds {wrong[0]:g}" if len(wrong) else ""


def connect_inputs(graph: onnx.ModelProto, training: Table) -> None:
    """Connect the graph's inputs to the tensors of a table.

    The graph takes all columns in one matrix, in their order; or the tensors of a table as this
    library names them; or each column in an input of its name.

    Raises:
        InvalidInputError: its inputs are not the table's columns; each one is named.
    """
    columns = GraphColumns(training)
    constants = {each.name for each in graph.graph.initializer}  # old graphs list them as inputs
    inputs = [value for value in graph.graph.input if value.name not in constants]
    widths = {name: array.shape[1] for name, array in columns.tensors.items()}
    if len(inputs) == 1 == len(widths) and not _is_column(inputs[0], columns):
        ((tensor, width),) = widths.items()
        nodes = _connect_matrix(graph, inputs[0], tensor, width, columns)
    elif {value.name for value in inputs} == widths.keys():
        nodes = [
            node
            for value in inputs
            for node in _connect_matrix(graph, value, value.name, widths[value.name], columns)
        ]
    else:
        nodes = _connect_columns(graph, inputs, columns)
    for name in widths:  # of a value inside of the graph
        graphs.rename(graph, name, f"{name}_{len(graph.graph.node)}_inner")
    graphs.prepend(graph, *nodes)
    del graph.graph.input[:]
    graph.graph.input.extend(
        helper.make_tensor_value_info(name, ELEMENTS[name], ["rows", width])
        for name, width in widths.items()
    )


def type_of(element: int) -> str:
    """Return the name of a tensor's type, such as "int64"."""
    return str(TensorProto.DataType.Name(element)).lower()


def _is_column(value: onnx.ValueInfoProto, columns: GraphColumns) -> bool:
    """Return whether the only input is one column, by its name."""
    return value.name in columns.places and len(columns.places) == 1


def _connect_matrix(
    graph: onnx.ModelProto,
    value: onnx.ValueInfoProto,
    tensor: str,
    width: int,
    columns: GraphColumns,
) -> list[onnx.NodeProto]:
    """Return the nodes that feed a tensor of the table to an input that takes a matrix.

    Raises:
        InvalidInputError: its size differs, or columns do not fit its type.
    """
    name, element = value.name, value.type.tensor_type.elem_type
    size = graphs.size_of(value)
    if not value.type.HasField("tensor_type"):
        problem = f"takes no tensor ({graphs.describe(value)}); export the graph without maps"
        raise InvalidInputError([FieldError(name, problem)])
    if value.type.tensor_type.HasField("shape") and (len(size) != 2 or size[1] not in (-1, width)):
        problem = (
            f"takes {size}, the table has {width} columns"
            if len(size) == 2
            else f"takes {size}; a table has rows and columns, [-1, {width}]"
        )
        raise InvalidInputError([FieldError(name, problem)])
    own = [each for each, place in columns.places.items() if place[0] == tensor]
    errors = [FieldError(each, fault) for each in own if (fault := columns.faults(each, element))]
    if errors:
        raise InvalidInputError(errors)
    original = f"{name}_{len(graph.graph.node)}"
    graphs.rename(graph, name, original)
    return [helper.make_node("Cast", [tensor], [original], to=element)]


def _connect_columns(
    graph: onnx.ModelProto, inputs: list[onnx.ValueInfoProto], columns: GraphColumns
) -> list[onnx.NodeProto]:
    """Return the nodes that feed each column to the input of its name.

    Raises:
        InvalidInputError: inputs and columns differ; each one is named.
    """
    _restore_names(graph, inputs, columns)
    if problems := _mismatches(inputs, columns):
        raise InvalidInputError(problems)
    nodes = []
    for value in inputs:
        name, element = value.name, value.type.tensor_type.elem_type
        flat = len(graphs.size_of(value)) == 1
        tensor, i = columns.places[name]
        original = f"{name}_{len(graph.graph.node)}"  # unique, also after an earlier import
        graphs.rename(graph, name, original)
        place = np.array(i if flat else [i], dtype=np.int64)  # a single index drops the axis
        graph.graph.initializer.append(numpy_helper.from_array(place, f"{original}_place"))
        nodes += [
            helper.make_node("Gather", [tensor, f"{original}_place"], [f"{original}_own"], axis=1),
            helper.make_node("Cast", [f"{original}_own"], [original], to=element),
        ]
    return nodes


def _restore_names(
    graph: onnx.ModelProto, inputs: Iterable[onnx.ValueInfoProto], columns: GraphColumns
) -> None:
    """Rename the inputs that skl2onnx gave another name than the column's, to the column's."""
    known = {value.name for value in inputs}
    renamed = {name: _rename_as_skl2onnx(name) for name in columns.places}
    for name, other in renamed.items():
        if name not in known and other in known and [*renamed.values()].count(other) == 1:
            graphs.rename(graph, other, name)


def _rename_as_skl2onnx(name: str) -> str:
    """Return the name of a column's input: of letters, digits, "_" and "+", no digit first."""
    plain = re.sub(r"[^\w+]", "_", name)
    return f"_{plain}" if re.match("[0-9]", plain) else plain


def _mismatches(inputs: Iterable[onnx.ValueInfoProto], columns: GraphColumns) -> list[FieldError]:
    """Return how a graph's inputs differ from a table's columns, an error for each."""
    known = {value.name: value for value in inputs}
    errors = [
        FieldError(name, "an input of the graph, but not a column")
        for name in known
        if name not in columns.places
    ]
    errors += [
        FieldError(name, f"a column, but not an input of the graph{_way_out(name)}")
        for name in columns.places
        if name not in known
    ]
    for name, value in known.items():
        size = graphs.size_of(value)
        if name not in columns.places:
            continue
        if size and (len(size) > 2 or size[1:] not in ([], [-1], [1])):
            errors.append(FieldError(name, f"takes {size}; a column has one value a row"))
        elif fault := columns.faults(name, value.type.tensor_type.elem_type):
            errors.append(FieldError(name, fault))
    return errors


def _way_out(name: str) -> str:
    """Return what to do about a column whose name is none of an input; empty for another name."""
    if _rename_as_skl2onnx(name) == name:
        return ""
    return "; name it with letters, digits and _ alone, unlike the others, and export again"

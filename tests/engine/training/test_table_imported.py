"""An ONNX graph from elsewhere becomes a model with the table's inputs, or is rejected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL, sha256
from modelserve.errors import (
    InvalidInputError,
    TrainingError,
)
from modelserve.training import graphs, parity
from modelserve.training.config import Config
from modelserve.training.exported_model import ExportedModel
from modelserve.training.table.imported import TableImporter
from modelserve.training.table.table import Table
from onnx import helper

from tests.engine.training.onnx_graphs import (
    DOUBLE,
    FLOAT,
    INT64,
    STRING,
    Value,
    graph_of,
    matrix,
    named,
)

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [10, 20, 30]})
MIXED = ROWS.assign(town=["Łódź", None, "São Paulo"])
LABELS = ("no", "yes")
Take = Callable[..., ExportedModel]


@pytest.fixture
def import_graph(tmp_path: Path, config: Config) -> Take:
    """Return a function that imports a graph for a table."""

    def run(
        graph: Any, rows: pd.DataFrame = ROWS, labels: Any = LABELS, **changes: bool
    ) -> ExportedModel:
        path = tmp_path / "elsewhere.onnx"
        path.write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
        importer = TableImporter(path, tuple(labels), **{"softmax": False} | changes)
        return importer(Table(rows, pd.Series([0] * len(rows))), config.model, config.seed)

    return run


def answers(exported: ExportedModel, rows: pd.DataFrame = ROWS) -> list[list[float]]:
    """Return what the graph answers to every row."""
    given = parity.run_graph(exported.files, Table(rows, pd.Series([0] * len(rows))))
    assert given.dtype == np.float32
    return given.tolist()


@pytest.mark.parametrize("kind", [FLOAT, DOUBLE], ids=["single", "double"])
@pytest.mark.parametrize(
    ("name", "out"),
    [
        pytest.param("X", "Y", id="other names"),
        pytest.param("features", "probabilities", id="a classifier's own names"),
        pytest.param("features", "value", id="a regressor's own names"),
    ],
)
def test_a_graph_with_one_matrix_gets_all_columns(
    import_graph: Take, name: str, out: str, kind: int
) -> None:
    exported = import_graph(matrix(name, out, kind=kind))
    graph = onnx.load_from_string(exported.files[MODEL]).graph
    assert answers(exported) == [[1, 10], [2, 20], [3, 30]]
    assert [each.name for each in graph.input] == ["features"]
    assert [each.name for each in graph.output] == [graphs.output_name(LABELS)]


def test_the_source_of_an_imported_graph_is_recorded(import_graph: Take, tmp_path: Path) -> None:
    exported = import_graph(matrix())
    assert exported.labels == LABELS
    assert exported.native is None
    assert exported.libraries == ("onnx", "onnxruntime")
    path = tmp_path / "elsewhere.onnx"
    assert exported.provenance == {"source": "elsewhere.onnx", "SHA-256": sha256(path)}


@pytest.mark.parametrize(
    ("names", "rows", "expected"),
    [
        pytest.param(("b", "a"), ROWS, [[10, 1], [20, 2], [30, 3]], id="in another order"),
        pytest.param(("a",), ROWS[["a"]], [[1], [2], [3]], id="the only one"),
    ],
)
def test_a_graph_with_an_input_a_column_gets_each_by_its_name(
    import_graph: Take, names: tuple[str, ...], rows: pd.DataFrame, expected: list[list[float]]
) -> None:
    assert answers(import_graph(named(*names), rows, labels=names), rows) == expected


def test_texts_reach_the_inputs_that_take_them(import_graph: Take) -> None:
    encode = helper.make_node(
        "LabelEncoder",
        ["town"],
        ["code"],
        domain="ai.onnx.ml",
        keys_strings=["São Paulo", "Łódź", ""],
        values_floats=[1.0, 2.0, 3.0],
    )
    join = helper.make_node("Concat", ["code", "b", "a"], ["Y"], axis=1)
    inputs: list[Value] = [("b", FLOAT, [None, 1]), ("town", STRING, [None, 1])]
    graph = graph_of([encode, join], [*inputs, ("a", FLOAT, [None, 1])], [("Y", FLOAT, [None, 3])])

    exported = import_graph(graph, MIXED, labels="xyz")

    assert answers(exported, MIXED) == [[2, 10, 1], [3, 20, 2], [1, 30, 3]]
    graph_inputs = onnx.load_from_string(exported.files[MODEL]).graph.input
    assert [each.name for each in graph_inputs] == ["features", "categories"]


def test_initializers_that_an_old_graph_lists_as_inputs_are_ignored(import_graph: Take) -> None:
    node = helper.make_node("Add", ["X", "one"], ["Y"])
    inputs: list[Value] = [("X", FLOAT, [None, 2]), ("one", FLOAT, [1])]
    one = helper.make_tensor("one", FLOAT, [1], [1.0])
    graph = graph_of([node], inputs, [("Y", FLOAT, [None, 2])], initializers=[one])
    assert answers(import_graph(graph)) == [[2, 11], [3, 21], [4, 31]]


def test_a_graph_may_know_the_operators_of_machine_learning_alone(import_graph: Take) -> None:
    scale = helper.make_node(
        "Scaler", ["X"], ["Y"], domain="ai.onnx.ml", offset=[1.0, 10.0], scale=[2.0, 0.5]
    )
    graph = graph_of([scale], [("X", FLOAT, [None, 2])], [("Y", FLOAT, [None, 2])])
    del graph.opset_import[:]
    graph.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    assert answers(import_graph(graph)) == [[0, 0], [2, 5], [4, 10]]


@pytest.mark.parametrize("opset", [9, 12, 18])
def test_scores_become_probabilities(import_graph: Take, opset: int) -> None:
    exported = import_graph(matrix(opset=opset), softmax=True)
    expected = np.exp(ROWS.to_numpy() - ROWS.max(axis=1).to_numpy()[:, None])
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.array(answers(exported)) == pytest.approx(expected, abs=1e-6)


def test_a_list_of_mappings_becomes_a_matrix(import_graph: Take) -> None:
    graph = matrix(out="scores")
    zipped = helper.make_node(
        "ZipMap", ["scores"], ["Y"], domain="ai.onnx.ml", classlabels_strings=list(LABELS)
    )
    graph.graph.node.append(zipped)
    element = helper.make_map_type_proto(STRING, helper.make_tensor_type_proto(FLOAT, []))
    sequence = helper.make_sequence_type_proto(element)
    del graph.graph.output[:]
    label = helper.make_tensor_value_info("label", INT64, [None])
    graph.graph.node.append(helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0))
    graph.graph.output.extend([label, helper.make_value_info("Y", sequence)])

    assert answers(import_graph(graph)) == [[1, 10], [2, 20], [3, 30]]


@pytest.mark.parametrize("shape", [[None], [None, 1], ["rows", None]], ids=["flat", "one", "free"])
def test_a_value_a_row_is_one_column(import_graph: Take, shape: list[int | str | None]) -> None:
    keep = int(len(shape) == 2)
    node = helper.make_node("ReduceMax", ["X", "axes"], ["Y"], keepdims=keep)
    axes = helper.make_tensor("axes", INT64, [1], [1])
    graph = graph_of([node], [("X", FLOAT, [None, 2])], [("Y", FLOAT, shape)], initializers=[axes])
    assert answers(import_graph(graph, labels=())) == [[10], [20], [30]]


def test_of_two_matching_outputs_the_last_is_used(import_graph: Take) -> None:
    graph = matrix(out="scores")
    graph.graph.node.append(helper.make_node("Neg", ["scores"], ["Y"]))
    graph.graph.output.append(helper.make_tensor_value_info("Y", FLOAT, [None, 2]))
    assert answers(import_graph(graph)) == [[-1, -10], [-2, -20], [-3, -30]]


@pytest.mark.parametrize(
    ("graph", "rows", "expected"),
    [
        pytest.param(
            matrix(), ROWS[["a"]], [("X", "takes [-1, 2], the table has 1 columns")], id="width"
        ),
        pytest.param(
            matrix(),
            MIXED,
            [
                ("X", "an input of the graph, but not a column"),
                ("a", "a column, but not an input of the graph"),
                ("b", "a column, but not an input of the graph"),
                ("town", "a column, but not an input of the graph"),
            ],
            id="a matrix for a table with texts",
        ),
        pytest.param(
            named("a", "c"),
            ROWS,
            [
                ("c", "an input of the graph, but not a column"),
                ("b", "a column, but not an input of the graph"),
            ],
            id="names",
        ),
        pytest.param(
            named("a", "b", "town"),
            MIXED,
            [("town", "takes numbers, but the column holds text")],
            id="text for a number",
        ),
        pytest.param(
            graph_of(
                [helper.make_node("Concat", ["a", "b"], ["Y"], axis=1)],
                [("a", FLOAT, [None, 3]), ("b", FLOAT, [None, 1])],
                [("Y", FLOAT, [None, 4])],
            ),
            ROWS,
            [("a", "takes [-1, 3]; a column has one value a row")],
            id="more than a column",
        ),
    ],
)
def test_inputs_that_are_not_the_columns_are_named(
    import_graph: Take, graph: onnx.ModelProto, rows: pd.DataFrame, expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        import_graph(graph, rows)
    assert [tuple(each) for each in caught.value.errors] == expected


@pytest.mark.parametrize(
    ("graph", "labels"),
    [
        pytest.param(matrix(), ("a", "b", "c"), id="more labels than outputs"),
        pytest.param(matrix(), (), id="two outputs, one value"),
        pytest.param(matrix(kind=INT64), LABELS, id="whole numbers"),
    ],
)
def test_a_graph_with_other_outputs_is_rejected(
    import_graph: Take, graph: onnx.ModelProto, labels: tuple[str, ...]
) -> None:
    wanted = f"No output of the graph has {max(len(labels), 1)} numbers a row"
    with pytest.raises(TrainingError, match=wanted):
        import_graph(graph, labels=labels)


@pytest.mark.parametrize("content", [b"", b"no graph"], ids=["empty", "noise"])
def test_a_file_without_a_graph_is_rejected(import_graph: Take, content: bytes) -> None:
    with pytest.raises(TrainingError, match="onnx is not an ONNX graph: "):
        import_graph(content)


def test_a_missing_file_is_rejected(config: Config, tmp_path: Path) -> None:
    importer = TableImporter(tmp_path / "none.onnx", LABELS, softmax=False)
    with pytest.raises(TrainingError, match="onnx is not an ONNX graph: "):
        importer(Table(ROWS, pd.Series([0] * 3)), config.model, 1)

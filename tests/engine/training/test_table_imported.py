"""An ONNX graph from elsewhere becomes a model with the table's inputs, or is rejected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL, sha256
from modelserve.errors import InvalidInputError
from modelserve.training import graphs, parity
from modelserve.training.config import Config
from modelserve.training.exported_model import ExportedModel
from modelserve.training.table.imported import TableImporter
from modelserve.training.table.table import Table
from onnx import helper

from tests.engine.training.onnx_graphs import (
    BOOL,
    DOUBLE,
    FLOAT,
    HALF,
    INT64,
    STRING,
    Value,
    graph_of,
    matrix,
    named,
)

ROWS = pd.DataFrame({"a": [0.25, 0.0, 1.0], "b": [0.75, 1.0, 0.0]})
MIXED = ROWS.assign(town=["Łódź", None, "São Paulo"])
LABELS = ("no", "yes")
ENCODE = (
    "put the encoding of its categories into the graph, or give their codes as numbers in the data"
)
AS_CATEGORY = "make it a category in the data"
Take = Callable[..., ExportedModel]


@pytest.fixture
def import_graph(tmp_path: Path, config: Config) -> Take:
    """Return a function that imports a graph for a table."""

    def run(
        graph: Any, rows: pd.DataFrame = ROWS, labels: Any = LABELS, **changes: Any
    ) -> ExportedModel:
        path = tmp_path / "elsewhere.onnx"
        path.write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
        options: dict[str, Any] = {"softmax": False} | changes
        importer = TableImporter(path, tuple(labels), **options)
        return importer(Table(rows, pd.Series([0] * len(rows))), config.model, config.seed)

    return run


def answers(exported: ExportedModel, rows: pd.DataFrame = ROWS) -> list[list[float]]:
    """Return what the graph answers to every row."""
    given = parity.run_graph(exported.files, Table(rows, pd.Series([0] * len(rows))))
    assert given.dtype == np.float32
    return given.tolist()


@pytest.mark.parametrize("kind", [FLOAT, DOUBLE, HALF], ids=["single", "double", "half"])
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
    assert answers(exported) == [[0.25, 0.75], [0, 1], [1, 0]]
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
        pytest.param(("b", "a"), ROWS, [[0.75, 0.25], [1, 0], [0, 1]], id="in another order"),
        pytest.param(("a",), ROWS[["a"]], [[0.25], [0], [1]], id="the only one"),
    ],
)
@pytest.mark.parametrize("flat", [False, True], ids=["columns", "flat"])
def test_a_graph_with_an_input_a_column_gets_each_by_its_name(
    import_graph: Take,
    names: tuple[str, ...],
    rows: pd.DataFrame,
    expected: list[list[float]],
    flat: bool,
) -> None:
    labels = names if len(names) > 1 else ()
    assert answers(import_graph(named(*names, flat=flat), rows, labels=labels), rows) == expected


def test_texts_reach_the_inputs_that_take_them(import_graph: Take) -> None:
    encode = helper.make_node(
        "LabelEncoder",
        ["town"],
        ["code"],
        domain="ai.onnx.ml",
        keys_strings=["São Paulo", "Łódź", ""],
        values_floats=[0.0, -0.25, -0.5],
    )
    join = helper.make_node("Sum", ["code", "b", "a"], ["Y"])
    inputs: list[Value] = [("b", FLOAT, [None, 1]), ("town", STRING, [None, 1])]
    graph = graph_of([encode, join], [*inputs, ("a", FLOAT, [None, 1])], [("Y", FLOAT, [None, 1])])

    exported = import_graph(graph, MIXED, labels=())

    assert answers(exported, MIXED) == [[0.75], [0.5], [1]]
    graph_inputs = onnx.load_from_string(exported.files[MODEL]).graph.input
    assert [each.name for each in graph_inputs] == ["features", "categories"]


def test_initializers_that_an_old_graph_lists_as_inputs_are_ignored(import_graph: Take) -> None:
    node = helper.make_node("Mul", ["X", "one"], ["Y"])
    inputs: list[Value] = [("X", FLOAT, [None, 2]), ("one", FLOAT, [1])]
    one = helper.make_tensor("one", FLOAT, [1], [1.0])
    graph = graph_of([node], inputs, [("Y", FLOAT, [None, 2])], initializers=[one])
    assert answers(import_graph(graph)) == [[0.25, 0.75], [0, 1], [1, 0]]


def test_a_graph_may_know_the_operators_of_machine_learning_alone(import_graph: Take) -> None:
    scale = helper.make_node(
        "Scaler", ["X"], ["Y"], domain="ai.onnx.ml", offset=[1.0, 1.0], scale=[-1.0, -1.0]
    )
    graph = graph_of([scale], [("X", FLOAT, [None, 2])], [("Y", FLOAT, [None, 2])])
    del graph.opset_import[:]
    graph.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    assert answers(import_graph(graph)) == [[0.75, 0.25], [1, 0], [0, 1]]


@pytest.mark.parametrize("opset", [9, 12, 18])
def test_scores_become_probabilities(import_graph: Take, opset: int) -> None:
    scores = ROWS * 7 - 2
    exported = import_graph(matrix(opset=opset), scores, softmax=True)
    expected = np.exp(scores.to_numpy())
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.array(answers(exported, scores)) == pytest.approx(expected, abs=1e-6)


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

    assert answers(import_graph(graph)) == [[0.25, 0.75], [0, 1], [1, 0]]


@pytest.mark.parametrize("shape", [[None], [None, 1], ["rows", None]], ids=["flat", "one", "free"])
def test_a_value_a_row_is_one_column(import_graph: Take, shape: list[int | str | None]) -> None:
    keep = int(len(shape) == 2)
    node = helper.make_node("ReduceMax", ["X", "axes"], ["Y"], keepdims=keep)
    axes = helper.make_tensor("axes", INT64, [1], [1])
    graph = graph_of([node], [("X", FLOAT, [None, 2])], [("Y", FLOAT, shape)], initializers=[axes])
    assert answers(import_graph(graph, labels=())) == [[0.75], [1], [1]]


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
            [("town", f"takes numbers, but the column holds text; {ENCODE}")],
            id="text for a number",
        ),
        pytest.param(
            named("a", "b", kind=STRING),
            ROWS,
            [(name, f"takes text, but the column holds numbers; {AS_CATEGORY}") for name in "ab"],
            id="a number for text",
        ),
        pytest.param(
            matrix(kind=INT64),
            ROWS,
            [
                ("a", "takes int64, but the column holds 0.25"),
                ("b", "takes int64, but the column holds 0.75"),
            ],
            id="fractions for whole numbers",
        ),
        pytest.param(
            named("a", "b", kind=INT64),
            ROWS.assign(a=[None, 1.0, 2.0], b=[1, 2, 3]),
            [("a", "takes int64, but the column has missing values")],
            id="gaps for whole numbers",
        ),
        pytest.param(
            matrix(kind=BOOL),
            ROWS.assign(a=[0, 1, 2], b=True),
            [("a", "takes bool, but the column holds 2")],
            id="numbers for booleans",
        ),
        pytest.param(
            matrix(kind=HALF),
            ROWS.assign(a=[0, 1, -70_000]),
            [("a", "takes float16, but the column holds -70000")],
            id="numbers too large for half precision",
        ),
        pytest.param(
            matrix(size=[None, 1, 2]),
            ROWS,
            [("X", "takes [-1, 1, 2]; a table has rows and columns, [-1, 2]")],
            id="a third axis",
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


@pytest.mark.parametrize("kind", [INT64, BOOL], ids=["whole numbers", "booleans"])
def test_whole_numbers_reach_a_graph_that_takes_them(import_graph: Take, kind: int) -> None:
    rows = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 0]})
    graph = matrix(kind=kind)
    graph.graph.node.append(helper.make_node("Cast", ["Y"], ["Z"], to=FLOAT))
    graph.graph.output[0].CopyFrom(helper.make_tensor_value_info("Z", FLOAT, [None, 2]))
    assert answers(import_graph(graph, rows), rows) == [[1, 0], [0, 1], [1, 0]]


def test_an_imported_graph_can_be_imported_again(import_graph: Take) -> None:
    rows = MIXED.rename(columns={"town": "place"})
    join = helper.make_node("Sum", ["a", "b", "code"], ["Y"])
    encode = helper.make_node(
        "LabelEncoder",
        ["place"],
        ["code"],
        domain="ai.onnx.ml",
        keys_strings=["Łódź"],
        values_floats=[2.0],
        default_float=0.0,
    )
    inputs: list[Value] = [("a", FLOAT, [None, 1]), ("b", FLOAT, [None, 1])]
    graph = graph_of(
        [encode, join], [*inputs, ("place", STRING, [None, 1])], [("Y", FLOAT, [None])]
    )
    for _ in range(3):
        exported = import_graph(graph, rows, labels=())
        assert answers(exported, rows) == [[3], [1], [1]]
        graph = exported.files[MODEL]


def test_a_table_of_texts_alone_reaches_a_matrix_of_texts(import_graph: Take) -> None:
    rows = pd.DataFrame({"town": ["x", "y"], "street": ["y", "y"]})
    encode = helper.make_node(
        "LabelEncoder",
        ["X"],
        ["Y"],
        domain="ai.onnx.ml",
        keys_strings=["x", "y"],
        values_floats=[1.0, 0.5],
    )
    pick = helper.make_node("ReduceMin", ["Y"], ["Z"], axes=[1])
    graph = graph_of(
        [encode, pick], [("X", STRING, [None, 2])], [("Z", FLOAT, [None, 1])], opset=13
    )
    assert answers(import_graph(graph, rows, labels=()), rows) == [[0.5], [0.5]]


def test_a_branch_sees_the_renamed_input(import_graph: Take) -> None:
    then, other = (
        helper.make_graph(
            [helper.make_node(name, ["X"], ["inner"])],
            name,
            [],
            [helper.make_tensor_value_info("inner", FLOAT, [None, 2])],
        )
        for name in ("Identity", "Neg")
    )
    node = helper.make_node("If", ["yes"], ["Y"], then_branch=then, else_branch=other)
    yes = helper.make_tensor("yes", BOOL, [], [True])
    value: Value = ("X", FLOAT, [None, 2])
    graph = graph_of([node], [value], [("Y", FLOAT, [None, 2])], initializers=[yes])
    assert answers(import_graph(graph)) == [[0.25, 0.75], [0, 1], [1, 0]]


@pytest.mark.parametrize("constant", [False, True], ids=["value", "constant"])
def test_names_inside_of_the_graph_may_be_those_of_serving(
    import_graph: Take, constant: bool
) -> None:
    nodes = [
        helper.make_node("Mul", ["X", "features"], ["probabilities"]),
        helper.make_node("Identity", ["probabilities"], ["Y"]),
    ]
    one = helper.make_tensor("features" if constant else "one", FLOAT, [], [1.0])
    if not constant:
        nodes.insert(0, helper.make_node("Identity", ["one"], ["features"]))
    values: list[Value] = [("X", FLOAT, [None, 2]), ("Y", FLOAT, [None, 2])]
    graph = graph_of(nodes, values[:1], values[1:], initializers=[one])
    assert answers(import_graph(graph)) == [[0.25, 0.75], [0, 1], [1, 0]]

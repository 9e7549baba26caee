"""What an imported graph returns must be one probability a label, or one value a row."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.errors import TrainingError
from modelserve.training import parity
from modelserve.training.exported_model import ExportedModel
from modelserve.training.sections import Options
from modelserve.training.table.imported import TableImporter
from modelserve.training.table.table import Table
from onnx import helper

from tests.engine.training.onnx_graphs import (
    DOUBLE,
    FLOAT,
    HALF,
    INT64,
    STRING,
    Value,
    graph_of,
    matrix,
)

ROWS = pd.DataFrame({"a": [0.25, 0.0, 1.0], "b": [0.75, 1.0, 0.0]})
TABLE = Table(ROWS, pd.Series([0, 1, 0]))
LABELS = ("no", "yes")
Import = Callable[..., ExportedModel]


@pytest.fixture
def import_graph(tmp_path: Path) -> Import:
    """Return a function that imports a graph for a table."""

    def run(
        graph: onnx.ModelProto, labels: Sequence[str] = LABELS, rows: Any = ROWS, **changes: Any
    ) -> ExportedModel:
        path = tmp_path / "elsewhere.onnx"
        path.write_bytes(graph.SerializeToString())
        options: dict[str, Any] = {"softmax": False} | changes
        table = Table(rows, pd.Series([0] * len(rows)))
        return TableImporter(path, tuple(labels), **options)(table, Options(), 1)

    return run


def answers(exported: ExportedModel, rows: pd.DataFrame = ROWS) -> list[list[float]]:
    """Return what the graph answers to every row."""
    return parity.run_graph(exported.files, Table(rows, pd.Series([0] * len(rows)))).tolist()


def column(kind: int = FLOAT, shape: Sequence[int | str | None] = (None, 1)) -> onnx.ModelProto:
    """Return a graph whose only output is the second column."""
    node = helper.make_node("Gather", ["X", "place"], ["Y"], axis=1)
    size = [1] if len(shape) == 2 else []
    place = helper.make_tensor("place", INT64, size, [1])
    inputs: list[Value] = [("X", kind, [None, 2])]
    return graph_of([node], inputs, [("Y", kind, list(shape))], initializers=[place])


def heads(**outputs: Sequence[int | str | None]) -> onnx.ModelProto:
    """Return a graph that returns its matrix under several names, each with a shape of its own."""
    nodes = [helper.make_node("Identity", ["X"], [name]) for name in outputs]
    values: list[Value] = [(name, FLOAT, list(shape)) for name, shape in outputs.items()]
    return graph_of(nodes, [("X", FLOAT, [None, 2])], values)


def forest(labels: Sequence[str], *, zipmap: bool = False) -> onnx.ModelProto:
    """Return a linear classifier as scikit-learn's converter writes it, with the label first."""
    nodes = [
        helper.make_node(
            "LinearClassifier",
            ["X"],
            ["label", "raw"],
            domain="ai.onnx.ml",
            classlabels_strings=list(labels),
            coefficients=[1.0, 0.0, 0.0, 1.0],
            intercepts=[0.0, 0.0],
            post_transform="NONE",
        ),
        helper.make_node("Normalizer", ["raw"], ["shares"], domain="ai.onnx.ml", norm="L1"),
    ]
    outputs: list[Value] = [("label", STRING, [None]), ("shares", FLOAT, [None, 2])]
    graph = graph_of(nodes, [("X", FLOAT, [None, 2])], outputs)
    if zipmap:
        graph.graph.node.append(
            helper.make_node(
                "ZipMap", ["shares"], ["Y"], domain="ai.onnx.ml", classlabels_strings=list(labels)
            )
        )
        element = helper.make_map_type_proto(STRING, helper.make_tensor_type_proto(FLOAT, []))
        del graph.graph.output[1]
        sequence = helper.make_sequence_type_proto(element)
        graph.graph.output.append(helper.make_value_info("Y", sequence))
    return graph


@pytest.mark.parametrize("shape", [[None, 1], [None]], ids=["a column", "flat"])
@pytest.mark.parametrize("kind", [FLOAT, DOUBLE, HALF], ids=["single", "double", "half"])
def test_one_probability_a_row_is_that_of_the_second_label(
    import_graph: Import, kind: int, shape: list[Any]
) -> None:
    exported = import_graph(column(kind, shape))
    assert answers(exported) == [[0.25, 0.75], [0, 1], [1, 0]]


def test_one_score_a_row_becomes_the_probability_of_the_second_label(import_graph: Import) -> None:
    rows = ROWS.assign(b=[-3.0, 0.0, 2.0])
    exported = import_graph(column(), rows=rows, softmax=True)
    second = 1 / (1 + np.exp(-rows["b"].to_numpy()))
    assert np.array(answers(exported, rows)) == pytest.approx(
        np.stack([1 - second, second], axis=1), abs=1e-6
    )


def test_one_probability_a_row_is_no_score(import_graph: Import) -> None:
    with pytest.raises(TrainingError) as caught:
        import_graph(column(), softmax=True)
    assert str(caught.value) == (
        "The graph returns one number from 0 to 1 a row, such as 0.75: a probability already; "
        "leave out --softmax. If it is a score, put a Sigmoid into the graph instead."
    )


def test_a_named_output_is_used(import_graph: Import) -> None:
    graph = heads(first=[None, 2], other=[None, 2])
    assert answers(import_graph(graph, output_name="other")) == ROWS.to_numpy().tolist()


def test_a_known_width_goes_before_an_unknown_one(import_graph: Import) -> None:
    graph = heads(unknown=[None, None], embedding=[None, 3], known=[None, 2])
    graph.graph.node[0].op_type = "Neg"
    assert answers(import_graph(graph)) == ROWS.to_numpy().tolist()


@pytest.mark.parametrize("zipmap", [False, True], ids=["matrix", "mappings"])
def test_labels_in_the_graphs_order_are_taken(import_graph: Import, zipmap: bool) -> None:
    assert answers(import_graph(forest(LABELS, zipmap=zipmap))) == ROWS.to_numpy().tolist()


def test_labels_may_have_other_names_than_in_the_graph(import_graph: Import) -> None:
    assert import_graph(forest(("0", "1"))).labels == LABELS


@pytest.mark.parametrize("zipmap", [False, True], ids=["matrix", "mappings"])
@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        pytest.param(
            ("yes", "no"),
            "The graph's outputs are in the order no, yes; give --labels in this order.",
            id="another order",
        ),
        pytest.param(
            ("a", "b", "c"),
            "The graph has 2 labels, no, yes; --labels names 3.",
            id="another number",
        ),
    ],
)
def test_labels_are_compared_with_the_graphs_own(
    import_graph: Import, labels: tuple[str, ...], complaint: str, zipmap: bool
) -> None:
    graph = forest(LABELS, zipmap=zipmap)
    if not zipmap:
        graph.graph.output[1].type.tensor_type.shape.dim[1].Clear()
    with pytest.raises(TrainingError) as caught:
        import_graph(graph, labels)
    assert str(caught.value) == complaint


def test_labels_of_a_classifier_inside_of_the_model_do_not_matter(import_graph: Import) -> None:
    """A stacked model has a classifier for each of its parts."""
    graph = forest(("inner", "part"))
    graph.graph.node.append(helper.make_node("Add", ["shares", "X"], ["both"]))
    half = helper.make_tensor("half", FLOAT, [], [0.5])
    graph.graph.initializer.append(half)
    graph.graph.node.append(helper.make_node("Mul", ["both", "half"], ["Y"]))
    graph.graph.output[1].CopyFrom(helper.make_tensor_value_info("Y", FLOAT, [None, 2]))
    assert answers(import_graph(graph, ("part", "inner"))) == ROWS.to_numpy().tolist()


SCALAR = graph_of(
    [helper.make_node("ReduceMax", ["X"], ["Y"], keepdims=0)],
    [("X", FLOAT, [None, 2])],
    [("Y", FLOAT, [])],
)


@pytest.mark.parametrize(
    ("graph", "labels", "complaint"),
    [
        pytest.param(
            matrix(),
            ("a", "b", "c"),
            "No output of the graph has 3 numbers a row, one for each label. It has Y float "
            "[-1, 2]. Name the labels of the graph by --labels, or export its probabilities.",
            id="more labels than outputs",
        ),
        pytest.param(
            matrix(),
            (),
            "No output of the graph has 1 number a row. It has Y float [-1, 2]. For a classifier, "
            'set task = "classifier" in config/training.toml.',
            id="two outputs, one value",
        ),
        pytest.param(
            SCALAR,
            LABELS,
            "No output of the graph has 2 numbers a row, one for each label. It has Y float []. "
            "Export an output with one answer a row, not one for all of them.",
            id="one number for all rows",
        ),
        pytest.param(
            heads(logits=[None, 2], shares=[None, 2]),
            LABELS,
            "Several outputs of the graph fit: logits, shares. Choose one by --output-name, such "
            "as --output-name shares.",
            id="two heads",
        ),
        pytest.param(
            graph_of(
                [
                    helper.make_node("Softmax", ["X"], ["the shares"]),
                    helper.make_node("Identity", ["X"], ["hidden"]),
                ],
                [("X", FLOAT, [None, 2])],
                [("the shares", FLOAT, [None, 2]), ("hidden", FLOAT, [None, 2])],
            ),
            LABELS,
            "Several outputs of the graph fit: the shares, hidden. Choose one by --output-name, "
            "such as --output-name 'the shares'.",
            id="one of probabilities",
        ),
    ],
)
def test_a_graph_with_other_outputs_is_rejected(
    import_graph: Import, graph: onnx.ModelProto, labels: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        import_graph(graph, labels)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("labels", "way"),
    [
        pytest.param(LABELS, "Export its probabilities, not its labels.", id="labels"),
        pytest.param((), "Add a Cast to float.", id="a value"),
    ],
)
def test_whole_numbers_are_no_answers(
    import_graph: Import, labels: tuple[str, ...], way: str
) -> None:
    rows = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    with pytest.raises(TrainingError, match=rf"It has Y int64 \[-1, 2\]\. {way}"):
        import_graph(matrix(kind=INT64), labels, rows)


def test_a_name_that_no_output_has_is_rejected(import_graph: Import) -> None:
    with pytest.raises(TrainingError) as caught:
        import_graph(heads(logits=[None, 2], shares=[None, 2]), output_name="probs")
    assert str(caught.value) == (
        "The graph has no output probs. It has logits float [-1, 2], shares float [-1, 2]."
    )


@pytest.mark.parametrize(
    ("rows", "softmax", "complaint"),
    [
        pytest.param(
            {"a": [0.25, -2.0], "b": [0.75, 5.0]},
            False,
            "The graph returns [-2, 5] for a row: scores, no probabilities that sum to 1. "
            "Add --softmax, or export its probabilities.",
            id="scores",
        ),
        pytest.param(
            {"a": [0.25, 0.875], "b": [0.75, 0.75]},
            False,
            "The graph returns [0.875, 0.75] for a row: one probability for each label, which sum "
            "to 1.62. Models that give a row many labels are not supported: train with one label "
            "a row, or export an output for each label and import one as a classifier of two "
            "labels by --output-name.",
            id="several labels a row",
        ),
        pytest.param(
            {"a": [0.25, 0.5], "b": [0.75, 0.5]},
            True,
            "The graph returns probabilities already, such as [0.25, 0.75]; leave out --softmax.",
            id="softmax of probabilities",
        ),
        pytest.param(
            {"a": [-2.0, 3.0], "b": [2.0, -3.0]},
            True,
            "The graph returns a score and its opposite, such as [-2, 2]; softmax would count it "
            "twice. Export the probabilities, or the score alone.",
            id="a score and its opposite",
        ),
        pytest.param(
            {"a": [0.25, None], "b": [0.75, 0.5]},
            False,
            "The graph returns [nan, 0.5] for 1 of 2 rows. If these have missing values, put "
            "their imputation into the graph.",
            id="no number",
        ),
    ],
)
def test_outputs_that_cannot_be_served_are_named(
    import_graph: Import, rows: dict[str, list[float]], softmax: bool, complaint: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        import_graph(matrix(), rows=pd.DataFrame(rows), softmax=softmax)
    assert str(caught.value) == complaint


def test_one_score_a_row_is_no_probability(import_graph: Import) -> None:
    rows = ROWS.assign(b=[-3.0, 0.0, 2.0])
    with pytest.raises(TrainingError, match=r"returns \[4, -3\] for a row: scores, .* --softmax"):
        import_graph(column(), rows=rows)


def test_another_width_than_the_graph_says_is_rejected(import_graph: Import) -> None:
    graph = heads(Y=[None, None])
    with pytest.raises(TrainingError, match="needed"):
        import_graph(graph, ("a", "b", "c", "d"))


@pytest.mark.parametrize("size", [[1, 2], [3, 2], [5, 2]], ids=str)
def test_a_fixed_number_of_rows_is_freed_where_the_graph_does_not_need_it(
    import_graph: Import, size: list[int | str | None]
) -> None:
    assert answers(import_graph(matrix(size=size))) == ROWS.to_numpy().tolist()


@pytest.mark.parametrize("fixed", [1, 2, 3])
def test_a_graph_for_a_fixed_number_of_rows_is_rejected(import_graph: Import, fixed: int) -> None:
    shape = helper.make_tensor("shape", INT64, [2], [fixed, 2])
    node = helper.make_node("Reshape", ["X", "shape"], ["Y"])
    value: list[Value] = [("X", FLOAT, [fixed, 2])]
    graph = graph_of([node], value, [("Y", FLOAT, [fixed, 2])], initializers=[shape])
    with pytest.raises(TrainingError, match=r"^The graph .* a free first axis: ") as caught:
        import_graph(graph)
    assert "\n" not in str(caught.value)
    assert "/onnxruntime" not in str(caught.value)


@pytest.mark.parametrize(
    ("node", "complaint"),
    [
        pytest.param(
            helper.make_node("LpNormalization", ["X"], ["Y"], axis=0, p=1),
            "answers a row alone by ",
            id="over the batch",
        ),
        pytest.param(
            helper.make_node("RandomUniformLike", ["X"], ["Y"], low=-9.0),
            "answers by chance: ",
            id="chance",
        ),
    ],
)
def test_an_answer_that_depends_on_other_rows_or_on_chance_is_rejected(
    import_graph: Import, node: onnx.NodeProto, complaint: str
) -> None:
    graph = matrix()
    graph.graph.node[0].CopyFrom(node)
    with pytest.raises(TrainingError, match=rf"{complaint}.* model\.eval\(\)"):
        import_graph(graph, softmax=True)


def test_an_answer_that_depends_on_other_rows_by_its_quantisation_is_named_so(
    import_graph: Import,
) -> None:
    graph = matrix()
    graph.graph.node[0].CopyFrom(helper.make_node("LpNormalization", ["X"], ["Y"], axis=0, p=1))
    quantised = ["Q", "scale", "zero"]
    graph.graph.node.append(helper.make_node("DynamicQuantizeLinear", ["Y"], quantised))
    with pytest.raises(TrainingError, match=r"alone by .* quantise it statically, or take the"):
        import_graph(graph, softmax=True)

"""What other libraries export is imported as it is, and answers as their models do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL
from modelserve.errors import InvalidInputError
from modelserve.training import parity
from modelserve.training.sections import Options
from modelserve.training.table.imported import TableImporter
from modelserve.training.table.table import Table
from onnx import helper, numpy_helper
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.engine.training.onnx_graphs import FLOAT, INT64, Value

FLOWERS = load_iris(as_frame=True)
PATIENTS = load_diabetes(as_frame=True)
KINDS, BINARY = FLOWERS.target, (FLOWERS.target == 2).astype(int)
Answers = Callable[..., Any]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """Return a function that imports a graph and returns its answers to every row."""

    def run(content: Any, n_labels: int, *, softmax: bool = False) -> Any:
        path = tmp_path / "elsewhere.onnx"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        data = FLOWERS if n_labels else PATIENTS
        table = Table(data.data, data.target)
        labels = tuple(f"label {i}" for i in range(n_labels))
        exported = TableImporter(path, labels, softmax=softmax)(table, Options(), 1)
        model = onnx.load_from_string(exported.files[MODEL])
        assert [each.name for each in model.graph.input] == ["features"]
        return parity.run_graph(exported.files, table)

    return run


def numbers(data: Any) -> Any:
    """Return a data set's columns as single-precision numbers."""
    return data.data.to_numpy(dtype=np.float32)


@pytest.mark.parametrize("zipmap", [True, False], ids=["mappings", "matrix"])
def test_scikit_learns_converter(answers: Answers, zipmap: bool) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    rows = numbers(FLOWERS)
    fitted = LogisticRegression(max_iter=500).fit(rows, KINDS)
    options = None if zipmap else {"zipmap": False}
    graph = skl2onnx.to_onnx(fitted, rows[:1], options=options)
    assert answers(graph, 3) == pytest.approx(fitted.predict_proba(rows), abs=1e-5)


def test_scikit_learns_converter_of_a_regressor(answers: Answers) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    rows = numbers(PATIENTS)
    fitted = LinearRegression().fit(rows, PATIENTS.target)
    expected = fitted.predict(rows)[:, None]
    assert answers(skl2onnx.to_onnx(fitted, rows[:1]), 0) == pytest.approx(expected, abs=1e-3)


NAMES = [" sepal (cm) ", "sepal-width", "1st petal", "länge"]


def import_columns(path: Path, names: list[str]) -> tuple[Any, Any]:
    """Return what a graph answers whose inputs skl2onnx named, and its model's answers."""
    skl2onnx = pytest.importorskip("skl2onnx")
    rows = FLOWERS.data.astype("float32").set_axis(names, axis="columns")
    encode = ColumnTransformer([("keep", "passthrough", names)])
    fitted = make_pipeline(encode, LogisticRegression(max_iter=500)).fit(rows, KINDS)
    path.write_bytes(skl2onnx.to_onnx(fitted, rows[:1]).SerializeToString())
    table = Table(rows[names[::-1]], KINDS)
    exported = TableImporter(path, ("a", "b", "c"), softmax=False)(table, Options(), 1)
    return parity.run_graph(exported.files, table), fitted.predict_proba(rows)


def test_columns_are_recognised_under_the_names_of_scikit_learns_converter(tmp_path: Path) -> None:
    answered, expected = import_columns(tmp_path / "elsewhere.onnx", NAMES)
    assert answered == pytest.approx(expected, abs=1e-5)


def test_columns_that_the_converter_names_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        import_columns(tmp_path / "elsewhere.onnx", ["a b", "a-b", "c", "d"])
    way_out = "; name it with letters, digits and _ alone, unlike the others, and export again"
    assert [tuple(each) for each in caught.value.errors] == [
        ("a_b", "an input of the graph, but not a column"),
        ("a_b1", "an input of the graph, but not a column"),
        ("a-b", f"a column, but not an input of the graph{way_out}"),
        ("a b", f"a column, but not an input of the graph{way_out}"),
    ]


@pytest.mark.parametrize("target", [BINARY, KINDS], ids=["two-labels", "three-labels"])
def test_xgboosts_converter(answers: Answers, target: pd.Series) -> None:
    xgboost = pytest.importorskip("xgboost")
    tools = pytest.importorskip("onnxmltools")
    rows = numbers(FLOWERS)
    fitted = xgboost.XGBClassifier(n_estimators=5).fit(rows, target)
    kinds = [("input", tools.convert.common.data_types.FloatTensorType([None, 4]))]
    graph = tools.convert_xgboost(fitted, initial_types=kinds, target_opset=15)
    assert answers(graph, target.nunique()) == pytest.approx(fitted.predict_proba(rows), abs=1e-5)


@pytest.mark.parametrize("target", [BINARY, KINDS], ids=["two-labels", "three-labels"])
def test_lightgbms_converter(answers: Answers, target: pd.Series) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    tools = pytest.importorskip("onnxmltools")
    rows = numbers(FLOWERS)
    fitted = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows, target.to_numpy())
    kinds = [("input", tools.convert.common.data_types.FloatTensorType([None, 4]))]
    graph = tools.convert_lightgbm(fitted, initial_types=kinds, target_opset=15)
    expected = fitted.booster_.predict(rows).reshape(len(rows), -1)
    width = expected.shape[1]
    assert answers(graph, target.nunique())[:, -width:] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("target", [BINARY, KINDS], ids=["two-labels", "three-labels"])
def test_catboosts_own_export(answers: Answers, target: pd.Series, tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost")
    options = {"iterations": 5, "verbose": False, "allow_writing_files": False}
    fitted = catboost.CatBoostClassifier(**options).fit(numbers(FLOWERS), target)
    fitted.save_model(str(tmp_path / "elsewhere.onnx"), format="onnx")
    expected = fitted.predict_proba(numbers(FLOWERS))
    assert answers(None, target.nunique()) == pytest.approx(expected, abs=1e-5)


def test_catboosts_own_export_of_a_regressor(answers: Answers, tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost")
    options = {"iterations": 5, "verbose": False, "allow_writing_files": False}
    fitted = catboost.CatBoostRegressor(**options).fit(numbers(PATIENTS), PATIENTS.target)
    fitted.save_model(str(tmp_path / "elsewhere.onnx"), format="onnx")
    expected = fitted.predict(numbers(PATIENTS))[:, None]
    assert answers(None, 0) == pytest.approx(expected, abs=1e-3)


def test_a_graph_as_catboost_writes_it(answers: Answers) -> None:
    """Of IR version 3, which requires an input for every initializer, with one opset alone."""
    nodes = [
        helper.make_node(
            "TreeEnsembleClassifier",
            ["features"],
            ["label", "scores"],
            domain="ai.onnx.ml",
            classlabels_int64s=[0, 1],
            class_ids=[0, 1, 0, 1],
            class_nodeids=[1, 1, 2, 2],
            class_treeids=[0, 0, 0, 0],
            class_weights=[2.0, -2.0, -1.0, 1.0],
            nodes_falsenodeids=[2, 0, 0],
            nodes_featureids=[3, 0, 0],
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
            nodes_nodeids=[0, 1, 2],
            nodes_treeids=[0, 0, 0],
            nodes_truenodeids=[1, 0, 0],
            nodes_values=[1.7, 0.0, 0.0],
            post_transform="LOGISTIC",
        ),
        helper.make_node(
            "ZipMap", ["scores"], ["shares"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]
        ),
    ]
    mapping = helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, []))
    shares = helper.make_value_info("shares", helper.make_sequence_type_proto(mapping))
    graph = helper.make_graph(
        nodes,
        "CatBoostModel",
        [helper.make_tensor_value_info("features", FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("label", INT64, ["N"]), shares],
    )
    opset = [helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=3)
    second = 1 / (1 + np.exp(np.where(numbers(FLOWERS)[:, 3] <= 1.7, 2.0, -1.0)))
    assert answers(model, 2)[:, 1] == pytest.approx(second, abs=1e-6)


def as_torch_exports_it(end: str, width: int, *, rows: str | int) -> tuple[onnx.ModelProto, Any]:
    """Return a graph of one layer as torch.onnx.export writes it, and its answers."""
    random = np.random.default_rng(7)
    weight, bias = random.normal(size=(width, 4)), random.normal(size=width)
    scores = numbers(FLOWERS) @ weight.T.astype(np.float32) + bias
    nodes = [
        helper.make_node("Gemm", ["input", "0.weight", "0.bias"], ["linear"], transB=1),
        helper.make_node(end, ["linear"], ["output"]),
    ]
    values: list[list[Value]] = [[("input", FLOAT, [rows, 4])], [("output", FLOAT, [rows, width])]]
    inputs, outputs = ([helper.make_tensor_value_info(*each) for each in side] for side in values)
    graph = helper.make_graph(
        nodes,
        "main_graph",
        inputs,
        outputs,
        initializer=[
            numpy_helper.from_array(weight.astype(np.float32), "0.weight"),
            numpy_helper.from_array(bias.astype(np.float32), "0.bias"),
        ],
        value_info=[helper.make_tensor_value_info("linear", FLOAT, [rows, width])],
    )
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10), scores


@pytest.mark.parametrize("rows", ["s31", 1, 2], ids=["free", "one-row", "two-rows"])
@pytest.mark.parametrize("end", ["Identity", "Softmax"])
def test_a_graph_as_torch_writes_it(answers: Answers, end: str, rows: str | int) -> None:
    model, scores = as_torch_exports_it(end, 3, rows=rows)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert answers(model, 3, softmax=end == "Identity") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("end", ["Identity", "Sigmoid"])
def test_a_graph_as_torch_writes_it_of_one_number(answers: Answers, end: str) -> None:
    model, scores = as_torch_exports_it(end, 1, rows="s31")
    second = 1 / (1 + np.exp(-scores))
    expected = np.concatenate([1 - second, second], axis=1)
    assert answers(model, 2, softmax=end == "Identity") == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore")  # the exporters' own
@pytest.mark.parametrize("dynamo", [True, False], ids=["dynamo", "legacy"])
def test_torchs_own_export(answers: Answers, tmp_path: Path, dynamo: bool) -> None:
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    torch.manual_seed(1)
    layers = torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)
    network = torch.nn.Sequential(*layers).eval()
    rows = torch.tensor(numbers(FLOWERS))
    shape: dict[str, Any] = (
        {"dynamic_shapes": ({0: torch.export.Dim.DYNAMIC},), "external_data": True}
        if dynamo
        else {"dynamic_axes": {"x": {0: "n"}}, "input_names": ["x"]}
    )
    path = tmp_path / "elsewhere.onnx"
    torch.onnx.export(network, (rows[:2],), str(path), dynamo=dynamo, verbose=False, **shape)
    expected = torch.softmax(network(rows), dim=-1).detach().numpy()
    assert answers(None, 3, softmax=True) == pytest.approx(expected, abs=1e-5)

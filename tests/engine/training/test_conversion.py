"""A pipeline of one's own is converted, by column name, too; or one line says which step is not."""

import re
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL
from modelserve.errors import TrainingError
from modelserve.training import parity
from modelserve.training.table import conversion, pipeline
from modelserve.training.table.table import Table
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OutputCodeClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from tests.engine.training.convertible import compare, make_table

ENCODER = OneHotEncoder(handle_unknown="ignore")


class Doubler(TransformerMixin, BaseEstimator):
    """A transformer of one's own."""

    def fit(self, rows: Any, y: Any = None) -> "Doubler":
        """Learn nothing."""
        del y
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: Any) -> Any:
        """Return twice the numbers."""
        return 2 * np.asarray(rows)


class Tripler(Doubler):
    """One for which no converter is registered."""

    def transform(self, rows: Any) -> Any:
        """Return three times the numbers."""
        return 3 * np.asarray(rows)


class Broken(Doubler):
    """One that fails by a mistake in its code."""

    def fit(self, rows: Any, y: Any = None) -> "Doubler":
        """Read what does not exist."""
        return rows.nothing


def shape(operator: Any) -> None:
    """Set the shape of the transformer's output."""
    width = operator.inputs[0].type.shape[1]
    operator.outputs[0].type = FloatTensorType([None, width])


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the number to itself."""
    name = operator.inputs[0].full_name
    container.add_node(
        "Add",
        [name, name],
        operator.outputs[0].full_name,
        name=scope.get_unique_operator_name("Double"),
    )


def by_name(*steps: BaseEstimator) -> ColumnTransformer:
    """Return steps for the numbers, and the encoding of the category, by the columns' names."""
    numbers = make_pipeline(SimpleImputer(), *steps, StandardScaler())
    return ColumnTransformer([("n", numbers, ["area", "length (cm)"]), ("c", ENCODER, ["town"])])


def by_type() -> ColumnTransformer:
    """Return the same by the columns' types."""
    return ColumnTransformer(
        [
            ("n", SimpleImputer(), make_column_selector(dtype_include="number")),
            ("c", ENCODER, make_column_selector(dtype_include=object)),
        ]
    )


BY_NAME = make_pipeline(by_name(), LogisticRegression())


def test_a_search_without_a_converter_names_the_one_of_the_configuration() -> None:
    table = make_table("classifier")
    search = RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1]}, n_iter=1, cv=2)
    fitted = pipeline.fit_pipeline(table, pipeline.encode_columns(table), search)
    with pytest.raises(TrainingError, match=r"RandomizedSearchCV cannot .* Have \[search\] in"):
        pipeline.export_pipeline(fitted, table)


@pytest.mark.parametrize("columns", [by_name, by_type])
@pytest.mark.parametrize("place", ["estimator", "features"])
def test_columns_are_selected_by_name_and_by_type(columns: Any, place: str) -> None:
    table = make_table("classifier")
    if place == "estimator":
        fitted = pipeline.fit_pipeline(table, [], make_pipeline(columns(), LogisticRegression()))
    else:
        fitted = pipeline.fit_pipeline(table, [("columns", columns())], LogisticRegression())

    exported = pipeline.export_pipeline(fitted, table)

    outputs = parity.run_graph(exported.files, table)
    parity.compare(exported.native(table), outputs, tolerance=1e-5)
    graph = onnx.load_from_string(exported.files[MODEL]).graph
    assert [each.name for each in graph.input] == ["features", "categories"]
    assert [each.name for each in graph.output] == ["probabilities"]


def test_names_that_differ_in_signs_alone_and_names_of_tensors_are_kept_apart() -> None:
    random = np.random.default_rng(1)
    names = ["a b", "a_b", "a-b", "features", "categories", "value", "1st"]
    rows = pd.DataFrame(random.normal(size=(60, len(names))), columns=names)
    table = Table(rows, rows["a b"] + 10 * rows["a_b"] - 5 * rows["features"])
    columns = ColumnTransformer([("n", StandardScaler(), ["features", "a_b", "a b"])])
    estimator = make_pipeline(columns, LinearRegression())
    assert compare(table, estimator, []) < 1e-5
    shuffled = Table(rows[names[::-1]], table.target)
    assert compare(shuffled, estimator, []) < 1e-5


def test_a_missing_category_is_an_empty_text_and_a_boolean_a_number() -> None:
    rows = pd.DataFrame({"yes": [True, False, True], "town": ["Łódź", None, "x"], "n": [1, 2, 3]})
    frame = pipeline.named_columns(Table(rows, pd.Series([1.0, 2.0, 3.0])))
    assert list(frame) == ["yes", "town", "n"]
    assert frame["town"].tolist() == ["Łódź", "", "x"]
    assert (frame["town"].dtype, frame["yes"].dtype) == (object, np.float32)


def test_a_data_frame_is_given_where_it_is_asked_for() -> None:
    table = make_table().take(np.arange(90))
    numbers = Table(table.rows[["area", "rooms"]].fillna(1), table.target)
    fitted = pipeline.fit_pipeline(numbers, [], LinearRegression(), named=True)
    assert list(fitted.feature_names_in_) == ["area", "rooms"]
    exported = pipeline.export_pipeline(fitted, numbers)
    outputs = parity.run_graph(exported.files, numbers)
    parity.compare(exported.native(numbers), outputs, tolerance=1e-5)


def test_steps_before_columns_by_name_are_rejected() -> None:
    table = make_table()
    with pytest.raises(TrainingError, match=r"return \[\] from `transformers` in features.py"):
        pipeline.fit_pipeline(table, pipeline.encode_columns(table), make_pipeline(by_name()))


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(GridSearchCV(BY_NAME, {"logisticregression__C": [0.1, 1]}, cv=2), id="search"),
        pytest.param(VotingClassifier([("one", BY_NAME)], voting="soft"), id="vote"),
        pytest.param(
            make_pipeline(FeatureUnion([("columns", by_name())]), LogisticRegression()), id="union"
        ),
    ],
)
def test_estimators_of_pipelines_select_columns_by_name(estimator: BaseEstimator) -> None:
    assert compare(make_table("classifier"), estimator, []) < 1e-5


def test_a_transformed_target_of_a_pipeline_selects_columns_by_name() -> None:
    regressor = make_pipeline(by_name(), LinearRegression())
    estimator = TransformedTargetRegressor(regressor, func=np.log1p, inverse_func=np.expm1)
    assert compare(make_table(), estimator, []) < 1e-5


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(StackingClassifier([("one", BY_NAME)], cv=2), id="stack"),
        pytest.param(CalibratedClassifierCV(BY_NAME, cv=2), id="calibration"),
        pytest.param(BaggingClassifier(BY_NAME, n_estimators=2), id="bagging"),
        pytest.param(make_pipeline(FunctionTransformer(None), BY_NAME), id="after another step"),
    ],
)
def test_columns_that_have_no_names_there_are_selected_before(estimator: BaseEstimator) -> None:
    table = make_table("classifier")
    with pytest.raises(TrainingError, match="put the ColumnTransformer first in `transformers`"):
        pipeline.export_pipeline(pipeline.fit_pipeline(table, [], estimator), table)


def test_a_search_whose_fits_fail_has_their_error() -> None:
    table = make_table("classifier")
    search = GridSearchCV(LogisticRegression(), {"C": ["many"]}, cv=2)
    with pytest.raises(TrainingError, match=r"GridSearchCV cannot be fitted: .*The 'C' parameter"):
        pipeline.fit_pipeline(table, pipeline.encode_columns(table), search)


@pytest.mark.parametrize(
    ("estimator", "way_out"),
    [
        pytest.param(
            RidgeClassifier(),
            "CalibratedClassifierCV(RidgeClassifier(...)), which [model] estimator = "
            "'RidgeClassifier' does.",
            id="by name",
        ),
        pytest.param(
            VotingClassifier([("one", LogisticRegression())]), 'Write voting="soft".', id="vote"
        ),
        pytest.param(
            OneVsOneClassifier(LogisticRegression()),
            "CalibratedClassifierCV(OneVsOneClassifier(...)).",
            id="pairs",
        ),
        pytest.param(
            OutputCodeClassifier(LogisticRegression()),
            "hook `load_model` (docs/make-it-yours.md).",
            id="codes",
        ),
    ],
)
def test_the_way_to_probabilities_suits_the_classifier(
    estimator: BaseEstimator, way_out: str
) -> None:
    table = make_table("classifier")
    fitted = pipeline.fit_pipeline(table, pipeline.encode_columns(table), estimator)
    with pytest.raises(TrainingError, match="has no probabilities") as caught:
        pipeline.export_pipeline(fitted, table)
    assert str(caught.value).endswith(way_out)


def test_a_column_that_does_not_exist_is_one_line() -> None:
    columns = ColumnTransformer([("n", StandardScaler(), ["ara"])])
    with pytest.raises(TrainingError, match=r"cannot be fitted: .*ara"):
        pipeline.fit_pipeline(make_table(), [], make_pipeline(columns, LinearRegression()))


def test_a_transformer_of_ones_own_converts_once_its_converter_is_registered() -> None:
    update_registered_converter(Doubler, "TestDoubler", shape, convert)
    assert compare(make_table(), make_pipeline(by_name(Doubler()), LinearRegression()), []) < 1e-5


@pytest.mark.parametrize(
    ("estimator", "step"),
    [
        pytest.param(make_pipeline(by_name(Tripler()), LinearRegression()), "Tripler", id="a step"),
        pytest.param(make_pipeline(by_name(), DummyRegressor()), "DummyRegressor", id="the last"),
    ],
)
def test_a_step_that_does_not_convert_is_named_with_the_ways_out(
    estimator: Pipeline, step: str
) -> None:
    message = f"^{step} cannot be converted to ONNX: skl2onnx has no converter for it. Choose"
    with pytest.raises(TrainingError, match=message) as raised:
        compare(make_table(), estimator, [])
    said = str(raised.value)
    assert "\n" not in said
    assert len(said) < 700
    assert all(way in said for way in ("docs/estimators.md", "`import-onnx`", "`load_model`"))


def test_a_function_without_a_converter_is_named_with_those_that_have_one() -> None:
    estimator = make_pipeline(by_name(FunctionTransformer(np.sign)), LinearRegression())
    message = r"^FunctionTransformer cannot be .*: its function is sign; np.absolute, .* convert"
    with pytest.raises(TrainingError, match=message):
        compare(make_table(), estimator, [])


@pytest.mark.parametrize("stage", ["check", "load", "run"])
def test_a_graph_that_onnx_or_its_runtime_rejects_is_one_line(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def fake(fitted: Any, **arguments: Any) -> onnx.ModelProto:
        model = original(fitted, **arguments)
        node = model.graph.node[0]
        if stage == "check":
            node.op_type = ""
        elif stage == "load":
            node.domain, node.op_type = "", "NoSuchOperator"
        else:
            index = onnx.helper.make_tensor("far", onnx.TensorProto.INT64, [1], [99])
            model.graph.initializer.append(index)
            far = onnx.helper.make_node("Gather", ["features", "far"], ["beyond"], axis=1)
            model.graph.node.insert(0, far)
            model.graph.node[1].input[0] = "beyond"
        return model

    original = conversion.to_onnx
    monkeypatch.setattr(conversion, "to_onnx", fake)
    table = make_table()
    with pytest.raises(TrainingError, match=r"^LinearRegression cannot be converted") as raised:
        compare(table, LinearRegression(), pipeline.encode_columns(table))
    assert "\n" not in str(raised.value)


def test_a_long_message_of_another_library_is_cut() -> None:
    assert len(conversion.short_message(ValueError("x" * 90_000))) < 400


def test_a_mistake_in_ones_own_code_keeps_its_traceback() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        pipeline.fit_pipeline(make_table(), [], make_pipeline(by_name(Broken())))


def test_a_classifier_without_probabilities_is_told_how_to_have_them() -> None:
    table = make_table("classifier")
    message = re.escape("CalibratedClassifierCV(RidgeClassifier(...))")
    with pytest.raises(TrainingError, match=message):
        compare(table, RidgeClassifier(), pipeline.encode_columns(table))


def test_a_text_column_is_refused_by_name_with_the_ways_out() -> None:
    columns = ColumnTransformer([("t", TfidfVectorizer(), "town")])
    message = r"^TfidfVectorizer for the column town cannot .*\[data\] drop.*category.*text project"
    with pytest.raises(TrainingError, match=message):
        pipeline.fit_pipeline(make_table(), [], make_pipeline(columns, LinearRegression()))


def test_a_booster_respects_monotone_constraints_in_its_graph() -> None:
    table = make_table()
    steps = pipeline.encode_columns(table, impute=False)
    booster = XGBRegressor(n_estimators=5, n_jobs=1, monotone_constraints="(1,0,0,0,0,0,0)")
    fitted = pipeline.fit_pipeline(table, steps, booster)
    exported = pipeline.export_pipeline(fitted, table)
    rising = pd.concat([table.rows.iloc[[1]]] * 20, ignore_index=True)
    rising["length (cm)"] = np.linspace(-3, 3, 20)
    outputs = parity.run_graph(exported.files, Table(rising, table.target.head(20)))
    assert (np.diff(outputs[:, 0]) >= 0).all()


def test_a_missing_value_other_than_nan_is_refused() -> None:
    table = make_table()
    filled = Table(table.rows.drop(columns="town").fillna(-9.0), table.target)
    booster = XGBRegressor(n_estimators=5, n_jobs=1, missing=-9.0)
    message = "^XGBRegressor cannot be converted to ONNX: .*missing values are not nan but -9"
    with pytest.raises(TrainingError, match=message):
        compare(filled, booster, [])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"booster": "gblinear"},
            "be converted to ONNX: only booster gbtree has a converter. Choose",
        ),
        ({"objective": "reg:quantileerror"}, "be fitted: Check failed: !quantile_alpha.Get()"),
    ],
    ids=["gblinear", "quantile"],
)
@pytest.mark.filterwarnings("ignore:.*`booster=gblinear` is deprecated:UserWarning")
def test_what_xgboost_refuses_is_said_without_its_stack(
    parameters: dict[str, str], message: str
) -> None:
    table = make_table()
    booster = XGBRegressor(n_estimators=5, n_jobs=1, **parameters)
    with pytest.raises(TrainingError) as caught:
        compare(table, booster, pipeline.encode_columns(table, impute=False))
    assert str(caught.value).startswith(f"XGBRegressor cannot {message}")
    assert "Stack trace" not in str(caught.value)


@pytest.mark.parametrize("trees", [20, 50, 700])
@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_a_forests_sums_are_probabilities(kind: type[BaseEstimator], trees: int) -> None:
    table = make_table("two")
    forest = kind(n_estimators=trees, random_state=1)
    fitted = pipeline.fit_pipeline(table, pipeline.encode_columns(table), forest)
    exported = pipeline.export_pipeline(fitted, table)
    outputs = parity.run_graph(exported.files, table)
    assert 0 <= outputs.min() <= outputs.max() <= 1
    assert not exported.warnings


def test_labels_that_are_not_the_most_probable_ones_are_a_warning() -> None:
    table = make_table("two")
    tuned = TunedThresholdClassifierCV(LogisticRegression(class_weight={"no": 5, "yes": 1}))
    fitted = pipeline.fit_pipeline(table, pipeline.encode_columns(table), tuned)
    *_, warning = pipeline.export_pipeline(fitted, table).warnings
    assert re.match(
        r"`predict` of TunedThresholdClassifierCV names another label than the most probable one "
        r"in \d+ of \d+ training rows; .*\[target\] positive and threshold",
        warning,
    )


def test_names_of_labels_come_back_from_a_booster_that_sees_numbers() -> None:
    table = make_table("two")
    steps = pipeline.encode_columns(table, impute=False)
    fitted = pipeline.fit_pipeline(table, steps, XGBClassifier(n_estimators=5, n_jobs=1))
    exported = pipeline.export_pipeline(fitted, table)
    assert exported.labels == ("no", "yes")
    assert exported.libraries == ("xgboost-cpu", "onnxmltools", *pipeline.LIBRARIES)

"""A difference between a pipeline and its graph is traced to the step that makes it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import Table, encode_columns, export_pipeline, fit_pipeline
from modelserve.errors import ParityError
from modelserve.training.parity import compare, run_graph
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler
from xgboost import XGBRegressor

RANDOM = np.random.default_rng(5)
SIZES = RANDOM.normal(size=(90, 2))
NUMBERS = pd.DataFrame(SIZES, columns=["length", "width"])
WITH_COLOURS = NUMBERS.assign(colour=["red", "green", "blue"] * 30)
LOG = FunctionTransformer(np.log1p)
KINDS = np.where(SIZES[:, 0] + RANDOM.normal(size=90) > 0, "a", "b")


def difference(frame: pd.DataFrame, estimator: Any, *spoilt: int) -> str:
    """Return the error of a pipeline in which some steps' fitted objects were changed."""
    table = Table.from_frame(frame.assign(kind=KINDS), target="kind")
    fitted = fit_pipeline(table, encode_columns(table), estimator)
    exported = export_pipeline(fitted, table, labels=("a", "b"))
    inner = fitted.steps[-1][1]
    for place in spoilt:
        step = inner.steps[place][1]
        step.transform = lambda x, step=step: type(step).transform(step, x) + 1
    assert exported.native
    with pytest.raises(ParityError) as caught:
        compare(
            exported.native(table),
            run_graph(exported.files, table),
            tolerance=1e-5,
            dataset=table,
            advise=exported.advise,
        )
    return str(caught.value)


@pytest.mark.parametrize("frame", [NUMBERS, WITH_COLOURS], ids=["numbers", "with categories"])
@pytest.mark.parametrize(
    ("spoilt", "step"),
    [
        pytest.param([0], "standardscaler (StandardScaler)", id="the first"),
        pytest.param([1], "minmaxscaler (MinMaxScaler)", id="the second"),
        pytest.param([0, 1], "standardscaler (StandardScaler)", id="the first of two"),
    ],
)
def test_the_first_step_that_differs_is_named(
    frame: pd.DataFrame, spoilt: list[int], step: str
) -> None:
    estimator = make_pipeline(StandardScaler(), MinMaxScaler(), LogisticRegression())
    message = difference(frame, estimator, *spoilt)
    assert f"Replace the step {step} that ONNX computes differently" in message


def test_an_estimator_that_differs_is_named() -> None:
    # The converter of isotonic calibration is wrong.
    estimator = CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=3)
    assert "the step model (CalibratedClassifierCV) that ONNX" in difference(NUMBERS, estimator)


@pytest.mark.parametrize(
    ("first", "removed"),
    [
        pytest.param(("scaled", RobustScaler()), "scaled (RobustScaler)", id="scaler"),
        pytest.param(
            ("columns", ColumnTransformer([("log", LOG, [0]), ("rest", "passthrough", [1])])),
            "log (FunctionTransformer)",
            id="function of a column",
        ),
    ],
)
def test_a_step_that_moves_values_across_the_splits_of_trees_is_to_be_removed(
    first: Any, removed: str
) -> None:
    booster = XGBRegressor(n_estimators=1, base_score=0.0)
    rows = NUMBERS.abs()
    table = Table(rows, rows["length"])
    fitted = fit_pipeline(table, [first], booster)
    exported = export_pipeline(fitted, table)
    assert exported.advise
    assert exported.advise(table.take(np.arange(1))).startswith(
        f"Remove the step {removed}: trees do not need it"
    )
    assert exported.advise(table.take(np.arange(1))).endswith("a split of model (XGBRegressor)")


@pytest.mark.parametrize("model", [XGBRegressor(n_estimators=300), RandomForestRegressor(20)])
def test_a_standard_scaler_moves_no_value_across_a_split(model: Any) -> None:
    rows = pd.DataFrame(RANDOM.lognormal(3, 1, size=(900, 2)), columns=["sales", "assets"])
    table = Table(rows, np.log(rows["sales"]) + rows["assets"])
    exported = export_pipeline(fit_pipeline(table, [("scaled", StandardScaler())], model), table)
    assert exported.native
    compare(exported.native(table), run_graph(exported.files, table), tolerance=1e-5, scale=100)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(
            ("cast", FunctionTransformer(np.float32)), XGBRegressor(), id="no computation"
        ),
        pytest.param(("scaled", StandardScaler()), LinearRegression(), id="no tree"),
    ],
)
def test_other_steps_are_not_to_be_removed(first: Any, last: Any) -> None:
    table = Table(NUMBERS, NUMBERS["length"])
    exported = export_pipeline(fit_pipeline(table, [first], last), table)
    assert exported.advise
    name = type(last).__name__
    advice = exported.advise(table.take(np.arange(1)))
    assert advice == f"Replace the step model ({name}) that ONNX computes differently"


def test_a_step_is_named_though_its_columns_names_are_no_plain_ones() -> None:
    frame = pd.DataFrame(SIZES, columns=["length (cm)", "width (cm)"])
    columns = ColumnTransformer([("scaled", StandardScaler(), ["length (cm)", "width (cm)"])])
    estimator = make_pipeline(columns, MinMaxScaler(), LogisticRegression())
    assert "Replace the step minmaxscaler (MinMaxScaler)" in difference(frame, estimator, 1)

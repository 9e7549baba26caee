"""What cannot be fitted is named in one line with the way out, for every kind of estimator."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import EstimatorOptions, encode_columns, fit_pipeline, make_regressor
from modelserve.errors import TrainingError
from modelserve.training.table.boosting import BoostingOptions, train_boosting
from modelserve.training.table.pipeline import Steps
from modelserve.training.table.table import Table
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from xgboost import XGBRegressor

RANDOM = np.random.default_rng(3)
SIZES = RANDOM.lognormal(size=200)
TOWNS = [f"town {i % 20}" for i in range(200)]
TABLE = Table(pd.DataFrame({"sales": SIZES, "town": TOWNS}), pd.Series(SIZES * 2))
LOG = ("log", FunctionTransformer(np.log1p))
SPARSE = ("columns", ColumnTransformer([("towns", OneHotEncoder(), ["town"])]))
OPTIONS = BoostingOptions(n_estimators=5)


def train(steps: Steps, estimator: BaseEstimator) -> None:
    """Train as a project of scikit-learn, or of XGBoost, does."""
    if isinstance(estimator, XGBRegressor):
        train_boosting(TABLE, steps, estimator, OPTIONS, 1)
    else:
        fit_pipeline(TABLE, steps, estimator)


def named(name: str) -> BaseEstimator:
    """Return the estimator that `[model]` names."""
    return make_regressor(EstimatorOptions(estimator=name), 1)


def add_text(rows: Any) -> Any:
    """Fail as a mistake in a function of one's own does."""
    return rows + "1"


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(RandomForestRegressor(5), id="scikit-learn"),
        pytest.param(XGBRegressor(early_stopping_rounds=5), id="xgboost"),
    ],
)
@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        pytest.param([LOG], r"FunctionTransformer cannot .*log1p.* `\*encode_columns\(table\)`",
                     id="function"),
        pytest.param([("scaled", StandardScaler())],
                     r"StandardScaler cannot .*string to float.* `\*encode_columns\(table\)`",
                     id="scaler"),
        pytest.param([*encode_columns(TABLE), ("parts", PCA("many"))],
                     "PCA cannot be fitted: The 'n_components' parameter", id="parameter"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_fitted_is_named_with_the_way_out(
    steps: Steps, complaint: str, estimator: BaseEstimator
) -> None:
    with pytest.raises(TrainingError, match=complaint):
        train(steps, estimator)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        pytest.param(named("KNeighborsRegressor"),
                     "StandardScaler, which is added before KNeighborsRegressor,", id="scaled"),
        pytest.param(named("HistGradientBoostingRegressor"), "HistGradientBoostingRegressor",
                     id="not scaled"),
        pytest.param(XGBRegressor(early_stopping_rounds=5), "XGBRegressor", id="xgboost"),
    ],
)  # fmt: skip
def test_a_sparse_matrix_is_reported_with_the_encoders_parameter(
    estimator: BaseEstimator, name: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        train([SPARSE], estimator)
    assert str(caught.value).startswith(
        f"{name} cannot be fitted: a step before it returns a sparse matrix. "
        "Write OneHotEncoder(sparse_output=False)"
    )


def test_a_scaler_of_ones_own_is_not_called_added() -> None:
    with pytest.raises(TrainingError, match=r"^StandardScaler cannot be fitted"):
        train([SPARSE, ("scaled", StandardScaler())], RandomForestRegressor(5))


def test_a_mistake_in_a_function_of_ones_own_keeps_its_traceback() -> None:
    with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate|ufunc"):
        train(
            [*encode_columns(TABLE), ("own", FunctionTransformer(add_text))],
            RandomForestRegressor(5),
        )


def test_a_category_that_only_validation_rows_have_is_an_error_of_its_encoder() -> None:
    towns = [f"town {i}" for i in range(200)]
    table = Table(pd.DataFrame({"sales": SIZES, "town": towns}), TABLE.target)
    steps = [("columns", ColumnTransformer([("towns", OneHotEncoder(), ["town"])]))]
    with pytest.raises(TrainingError, match="OneHotEncoder cannot be fitted: Found unknown"):
        train_boosting(table, steps, XGBRegressor(early_stopping_rounds=5), OPTIONS, 1)

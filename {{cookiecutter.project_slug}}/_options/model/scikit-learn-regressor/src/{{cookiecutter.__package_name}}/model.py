"""The model: any regressor of scikit-learn that skl2onnx can turn into an ONNX graph."""

from modelserve import (
    EstimatorOptions,
    ExportedModel,
    Table,
    export_pipeline,
    fit_pipeline,
    make_regressor,
)
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestRegressor

from .features import transformers


class Options(EstimatorOptions):
    """The keys of `[model]` in config/training.toml: `estimator` and `parameters`, or these."""

    n_estimators: int = Field(default=100, ge=1)
    min_samples_leaf: int = Field(default=5, ge=1)


def build(options: Options, seed: int) -> BaseEstimator:
    """Return the estimator where `[model]` names none, not fitted yet; replace it with yours."""
    return RandomForestRegressor(
        n_estimators=options.n_estimators,
        min_samples_leaf=options.min_samples_leaf,
        max_features=1 / 3,
        random_state=seed,
    )


def train(table: Table, options: Options, seed: int) -> ExportedModel:
    """Return the estimator fitted to every row, as an ONNX graph."""
    estimator = make_regressor(options, seed, default=build)
    fitted = fit_pipeline(table, transformers(table), estimator)
    return export_pipeline(fitted, table)

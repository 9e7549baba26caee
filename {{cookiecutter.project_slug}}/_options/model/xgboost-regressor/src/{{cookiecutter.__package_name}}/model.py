"""The model: an XGBoost regressor, with early stopping."""

from modelserve import BoostingOptions, ExportedModel, Table, make_regressor, train_boosting
from sklearn.base import BaseEstimator
from xgboost import XGBRegressor

from .features import transformers


class Options(BoostingOptions):
    """The keys of `[model]` in config/training.toml: XGBoost's, or `estimator` and `parameters`."""


def build(options: Options, seed: int) -> BaseEstimator:
    """Return the estimator where `[model]` names none, not fitted yet; replace it with yours."""
    return XGBRegressor(**options.booster_parameters(seed))


def train(table: Table, options: Options, seed: int) -> ExportedModel:
    """Return the estimator fitted, a booster of XGBoost with early stopping, as an ONNX graph."""
    estimator = make_regressor(options, seed, default=build)
    return train_boosting(table, transformers(table), estimator, options, seed)

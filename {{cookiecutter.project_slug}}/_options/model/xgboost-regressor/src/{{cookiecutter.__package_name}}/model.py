"""The model: an XGBoost regressor, with early stopping."""

from modelserve import BoostingOptions, ExportedModel, Table, train_boosting
from xgboost import XGBRegressor

from .features import transformers


class Options(BoostingOptions):
    """The keys of `[model]` in config/training.toml."""


def build(options: Options, seed: int) -> XGBRegressor:
    """Return the booster, not fitted yet; replace the body with yours."""
    return XGBRegressor(**options.parameters(seed))


def train(table: Table, options: Options, seed: int) -> ExportedModel:
    """Return the booster fitted with early stopping, as an ONNX graph."""
    return train_boosting(table, transformers(table), build(options, seed), options, seed)

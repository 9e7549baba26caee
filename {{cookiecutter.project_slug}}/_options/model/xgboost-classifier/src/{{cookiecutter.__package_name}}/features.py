"""What the model sees of each column; it becomes part of the ONNX graph."""

from modelserve import Table, encode_columns
from sklearn.base import BaseEstimator


def transformers(table: Table) -> list[tuple[str, BaseEstimator]]:
    """Return the steps before the estimator, by name; add yours: scaling, binning, interactions.

    XGBoost has a branch for missing values, so they stay.
    """
    return encode_columns(table, impute=False)

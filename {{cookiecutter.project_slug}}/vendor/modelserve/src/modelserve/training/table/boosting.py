"""Train XGBoost with early stopping and export it to ONNX."""

from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from pydantic import Field
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier, XGBModel, XGBRegressor

from ...errors import TrainingError
from ..exported_model import ExportedModel
from ..sections import Options
from .pipeline import Steps, design_matrix, export_pipeline
from .table import Table


class BoostingOptions(Options):
    """The keys of `[model]` in config/training.toml for XGBoost, under its own names.

    Boosting stops once the loss on the validation rows has not improved for
    `early_stopping_rounds`, and keeps the best round.
    """

    n_estimators: int = Field(default=500, ge=1)
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    max_depth: int = Field(default=3, ge=1, le=20)
    validation_fraction: float = Field(default=0.15, gt=0, lt=0.9)
    early_stopping_rounds: int = Field(default=20, ge=1)

    def parameters(self, seed: int) -> dict[str, Any]:
        """Return a booster's parameters: one thread, so that one seed gives the same bytes."""
        return {
            **self.model_dump(include={"n_estimators", "learning_rate", "max_depth"}),
            "early_stopping_rounds": self.early_stopping_rounds,
            "random_state": seed,
            "n_jobs": 1,
        }


def train_boosting(
    table: Table, steps: Steps, booster: XGBModel, options: BoostingOptions, seed: int
) -> ExportedModel:
    """Return a booster behind the encoded columns, fitted with early stopping, and exported.

    Args:
        table: the training rows; a fraction of them is for validation.
        steps: transform the columns; XGBoost handles missing values itself.
        booster: an XGBClassifier or an XGBRegressor, not fitted yet.
        options: the validation fraction.
        seed: selects the validation rows.

    Raises:
        TrainingError: there are too few rows for early stopping.
    """
    labels: tuple[str, ...] = ()
    y, strata = table.target.to_numpy(), None
    if isinstance(booster, XGBClassifier):
        names, y = np.unique(y, return_inverse=True)
        labels, strata = tuple(map(str, names)), y
    else:
        y = y.astype(np.float32)
    fitted = fit_boosting(table, steps, y, booster, options, seed, stratify=strata)
    register_converters()
    return export_pipeline(fitted, table, labels=labels, libraries=libraries())


def fit_boosting(
    table: Table,
    steps: Steps,
    y: NDArray[Any],
    booster: XGBModel,
    options: BoostingOptions,
    seed: int,
    *,
    stratify: NDArray[Any] | None = None,
) -> Pipeline:
    """Return the fitted pipeline.

    Args:
        table: the training rows.
        steps: transform the columns.
        y: the target as numbers, of shape (rows,).
        booster: not fitted yet.
        options: the validation fraction.
        seed: selects the validation rows.
        stratify: labels whose shares the validation rows keep.

    Raises:
        TrainingError: there are too few rows for early stopping.
    """
    X = design_matrix(table)
    try:
        training, validation = train_test_split(
            np.arange(len(y)),
            test_size=options.validation_fraction,
            random_state=seed,
            stratify=stratify,
        )
    except ValueError as error:
        raise TrainingError(f"There are too few rows for early stopping: {error}") from error
    prepared = X
    if steps:
        prepared = Pipeline(steps).fit(X[training]).transform(X).astype(np.float32)
    eval_set = [(prepared[validation], y[validation])]
    booster.fit(prepared[training], y[training], eval_set=eval_set, verbose=False)
    return Pipeline([*steps, ("model", booster)])


def libraries() -> tuple[str, ...]:
    """Return the distributions that trained the model; `xgboost-cpu` does not exist for macOS."""
    installed = {each.metadata["Name"].lower() for each in metadata.distributions()}
    boosting = "xgboost-cpu" if "xgboost-cpu" in installed else "xgboost"
    return (boosting, "onnxmltools", "scikit-learn", "skl2onnx", "onnx", "numpy")


def register_converters() -> None:
    """Register XGBoost's estimators with skl2onnx."""
    update_registered_converter(
        XGBClassifier,
        "XGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )
    update_registered_converter(
        XGBRegressor, "XGBRegressor", calculate_linear_regressor_output_shapes, convert_xgboost
    )

"""XGBoost between the preparation of the columns and the ONNX graph."""

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

from ..errors import TrainingError
from . import pipeline
from .data import Dataset
from .sections import Section


class BoostingOptions(Section):
    """What `[model]` in config/training.toml may say.

    Boosting ends `patience` rounds after the loss on the watched rows was last improved, and keeps
    the best round.
    """

    rounds: int = Field(default=500, ge=1)
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    depth: int = Field(default=3, ge=1, le=20)
    watched_share: float = Field(default=0.15, gt=0, lt=0.9)
    patience: int = Field(default=20, ge=1)


def settings(options: BoostingOptions, seed: int) -> dict[str, Any]:
    """Return what every booster is given: one thread, so that one seed gives the same bytes."""
    return {
        "n_estimators": options.rounds,
        "learning_rate": options.learning_rate,
        "max_depth": options.depth,
        "early_stopping_rounds": options.patience,
        "random_state": seed,
        "n_jobs": 1,
    }


def fit(
    dataset: Dataset,
    y: NDArray[Any],
    booster: XGBModel,
    options: BoostingOptions,
    seed: int,
    *,
    stratify: NDArray[Any] | None = None,
) -> Pipeline:
    """Return the booster behind its columns, fitted until the watched rows gain no more.

    Args:
        dataset: the rows; some of them are watched and not fitted.
        y: what is predicted, numbers of shape (rows,).
        booster: before it has seen data.
        options: say how many rows are watched.
        seed: chooses them.
        stratify: labels whose shares the watched rows keep.

    Raises:
        TrainingError: there are too few rows to watch some.
    """
    X = pipeline.design(dataset)
    try:
        kept, watched = train_test_split(
            np.arange(len(y)),
            test_size=options.watched_share,
            random_state=seed,
            stratify=stratify,
        )
    except ValueError as error:
        raise TrainingError(f"There are too few rows for early stopping: {error}") from error
    steps = pipeline.prepare(dataset, fill_gaps=False)  # XGBoost has a branch for what is missing
    prepared = X
    if steps:
        prepared = Pipeline(steps).fit(X[kept]).transform(X).astype(np.float32)
    booster.fit(prepared[kept], y[kept], eval_set=[(prepared[watched], y[watched])], verbose=False)
    return Pipeline([*steps, ("model", booster)])


def libraries() -> tuple[str, ...]:
    """Return what made the model; on macOS the wheel without CUDA is called `xgboost`."""
    installed = {each.metadata["Name"].lower() for each in metadata.distributions()}
    boosting = "xgboost-cpu" if "xgboost-cpu" in installed else "xgboost"
    return (boosting, "onnxmltools", "scikit-learn", "skl2onnx", "onnx", "numpy")


def register() -> None:
    """Tell skl2onnx how a booster becomes a part of a graph."""
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

"""Train XGBoost with early stopping and export it to ONNX."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from xgboost import XGBModel

from ...answers import label_of
from ...errors import TrainingError
from ..exported_model import ExportedModel
from ..reading.remedies import shorten
from .booster_converters import distributions_of, register_boosters, takes_missing
from .column_names import selects_by_name
from .estimators import EstimatorOptions
from .fit_errors import DENSE, explain_failure
from .pipeline import (
    LIBRARIES,
    Steps,
    check_steps,
    design_matrix,
    export_pipeline,
    fit,
    fit_pipeline,
    named_columns,
)
from .table import Table

LISTED = 3  # labels in an error


class BoostingOptions(EstimatorOptions):
    """The keys of `[model]` in config/training.toml for XGBoost, under its own names.

    Without `estimator`, boosting stops once the loss on the validation rows has not improved for
    `early_stopping_rounds`, and keeps the best round.
    """

    n_estimators: int = Field(default=500, ge=1)
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    max_depth: int = Field(default=3, ge=1, le=20)
    validation_fraction: float = Field(default=0.15, gt=0, lt=0.9)
    early_stopping_rounds: int = Field(default=20, ge=1)

    def booster_parameters(self, seed: int) -> dict[str, Any]:
        """Return a booster's parameters: one thread, so that one seed gives the same bytes."""
        return {
            **self.model_dump(include={"n_estimators", "learning_rate", "max_depth"}),
            "early_stopping_rounds": self.early_stopping_rounds,
            "random_state": seed,
            "n_jobs": 1,
        }


def train_boosting(
    table: Table, steps: Steps, estimator: BaseEstimator, options: BoostingOptions, seed: int
) -> ExportedModel:
    """Return an estimator behind the encoded columns, fitted and exported.

    A booster of XGBoost with `early_stopping_rounds` stops early; another estimator is fitted to
    every row, and sees the medians of missing numbers if it takes no missing ones.

    Args:
        table: the training rows; a fraction of them is for validation.
        steps: transform the columns; XGBoost handles missing values itself.
        estimator: an XGBClassifier, an XGBRegressor or another estimator, not fitted yet.
        options: the validation fraction.
        seed: selects the validation rows.

    Raises:
        TrainingError: there are too few rows for early stopping, the data do not suit the
            estimator, or it cannot be converted.
    """
    check_steps(steps)
    if not isinstance(estimator, XGBModel) or not estimator.early_stopping_rounds:
        if table.nullable() and not takes_missing(estimator):
            steps = [*steps, ("missing", SimpleImputer(strategy="median"))]
        return export_pipeline(fit_pipeline(table, steps, estimator), table)
    y, strata = table.target.to_numpy(), None
    if is_classifier(estimator):
        y = strata = np.unique(y, return_inverse=True)[1]
    else:
        y = y.astype(np.float32)
    fitted = fit_boosting(table, steps, y, estimator, options, seed, stratify=strata)
    return export_pipeline(fitted, table)


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
        steps: transform the columns; they see a data frame if the first selects columns by name.
        y: the target as numbers, of shape (rows,).
        booster: not fitted yet.
        options: the validation fraction.
        seed: selects the validation rows.
        stratify: labels whose shares the validation rows keep.

    Raises:
        TrainingError: there are too few rows for early stopping, or the data do not suit a step.
    """
    try:
        training, validation = train_test_split(
            np.arange(len(y)),
            test_size=options.validation_fraction,
            random_state=seed,
            stratify=stratify,
        )
    except ValueError as error:
        raise TrainingError(_describe_few(table, stratify)) from error
    prepared = design_matrix(table)
    if steps:
        first = Pipeline(steps)
        matrix = named_columns if selects_by_name(first) else design_matrix
        fit(first, matrix(table.take(training)), y[training])
        with explain_failure(first):
            prepared = first.transform(matrix(table)).astype(np.float32)
        if issparse(prepared):  # XGBoost takes its zeros for missing values, the graph does not
            raise TrainingError(f"{type(booster).__name__} cannot be fitted: {DENSE}")
    eval_set = [(prepared[validation], y[validation])]
    fit(booster, prepared[training], y[training], eval_set=eval_set, verbose=False)
    return Pipeline([*steps, ("model", booster)])


def _describe_few(table: Table, stratify: NDArray[Any] | None) -> str:
    """Return why no validation rows can be chosen, and the way out."""
    counts = Counter([] if stratify is None else map(label_of, table.target))
    rare = sorted(label for label, count in counts.items() if count == 1)
    listed = ", ".join(map(shorten, rare[:LISTED])) + (", …" if len(rare) > LISTED else "")
    of_labels = f" of {len(counts)} labels" if counts else ""
    why = f"{len(table)}{of_labels}, some of which validate"
    way_out = "Add rows, or raise validation_fraction under [model]."
    if rare:
        have = "has a single one" if len(rare) == 1 else "have a single one each"
        why = f"{listed} {have}, and a label needs two, one of which validates"
        way_out = "Add rows, or leave these out or merge the labels in `load` (data.py)."
    return f"There are too few rows for early stopping: {why}. {way_out}"


def libraries() -> tuple[str, ...]:
    """Return the distributions that trained a booster of XGBoost."""
    return (*distributions_of(("xgboost",)), *LIBRARIES)


def register_converters() -> None:
    """Register XGBoost's estimators with skl2onnx."""
    register_boosters()

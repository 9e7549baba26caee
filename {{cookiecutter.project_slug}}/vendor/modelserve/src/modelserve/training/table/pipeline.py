"""Encode a table's columns, fit any scikit-learn estimator, and export both to ONNX."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from threadpoolctl import threadpool_limits

from ... import artifact
from ...errors import TrainingError
from ..exported_model import ExportedModel
from ..reading.remedies import shorten
from .booster_converters import boosters_in, distributions_of
from .column_names import selects_by_name
from .conversion import convert, last_step, refuse_text_steps, short_message
from .fit_errors import explain_failure
from .step_difference import advise
from .table import Table

LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy")
COMPARED_ROWS = 1_000  # whose labels are compared with the most probable ones
TIE = 1e-6  # two probabilities that are nearer than this

Steps = list[tuple[str, BaseEstimator]]


def design_matrix(table: Table) -> NDArray[Any]:
    """Return the matrix that an estimator fits: numbers first, then categories.

    Args:
        table: the rows.

    Returns:
        float32 of shape (rows, n_columns), or objects where there are categories.
    """
    tensors = table.tensors()
    if list(tensors) == ["features"]:
        return tensors["features"]
    return np.hstack([part.astype(object) for part in tensors.values()])


def named_columns(table: Table) -> pd.DataFrame:
    """Return the columns with their names, as the ONNX graph sees them.

    Args:
        table: the rows.

    Returns:
        float32 for numbers, integers and booleans, NaN for a missing one; objects for categories,
        "" for a missing one.
    """
    tensors = table.tensors()
    dtypes = {"features": np.float32, "categories": object}
    columns = {
        name: pd.Series(tensors[tensor][:, i], dtype=dtypes[tensor])
        for name, (tensor, i) in table.places().items()
    }
    return pd.DataFrame(columns)


def encode_columns(table: Table, *, impute: bool = True) -> Steps:
    """Return the steps before the estimator: none for numbers without missing values.

    A category is one-hot encoded; a missing one has a column of its own, and an unseen one is zero
    in all of them.

    Args:
        table: the training rows.
        impute: replace missing numbers by the column's median, for estimators that need it.
    """
    names = {name for name, (tensor, _) in table.places().items() if tensor == "features"}
    n_numbers, n_columns = len(names), len(table.rows.columns)
    imputes = impute and not names.isdisjoint(table.nullable())
    parts: list[tuple[str, Any, list[int]]] = []
    if n_numbers:
        # Beside texts, numbers are objects; float32 again, they suit any step that follows.
        to_float = FunctionTransformer(np.float32)
        numbers = SimpleImputer(strategy="median") if imputes else to_float
        parts.append(("numbers", numbers, list(range(n_numbers))))
    if n_columns > n_numbers:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        parts.append(("categories", encoder, list(range(n_numbers, n_columns))))
    if not imputes and n_columns == n_numbers:
        return []
    return [("columns", ColumnTransformer(parts))]


def check_steps(steps: Any) -> None:
    """Check what `transformers` in features.py returns.

    Raises:
        TrainingError: it is no list of pairs.
    """
    pairs = isinstance(steps, list | tuple) and all(
        isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str) for each in steps
    )
    if not pairs:
        raise TrainingError(
            f"`transformers` in features.py returned {shorten(repr(steps))}; return a list of "
            'pairs of a name and a transformer: [*encode_columns(table), ("scaled", '
            "StandardScaler())]."
        )


def fit_pipeline(
    table: Table, steps: Steps, estimator: BaseEstimator, *, named: bool | None = None
) -> Pipeline:
    """Return the estimator behind the steps, fitted to every row.

    Args:
        table: the training rows.
        steps: transform the columns, as `encode_columns` returns them, or your own.
        estimator: any that skl2onnx can convert.
        named: fit to the data frame of `named_columns`; by default if what sees the table first
            is a ColumnTransformer that selects columns by their names.

    Raises:
        TrainingError: the data do not suit the estimator.
    """
    check_steps(steps)
    if steps and selects_by_name(estimator):
        raise TrainingError(
            "The estimator selects columns by their names, but other steps come before it: return "
            "[] from `transformers` in features.py, or put the ColumnTransformer there."
        )
    pipeline = Pipeline([*steps, ("model", estimator)])
    by_name = selects_by_name(pipeline) if named is None else named
    y = table.target.to_numpy()
    if boosters_in(estimator) and is_classifier(estimator) and not _weighs_names(estimator):
        y = np.unique(y, return_inverse=True)[1]  # XGBoost takes no names
    refuse_text_steps(pipeline)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(pipeline, named_columns(table) if by_name else design_matrix(table), y)
    pipeline.warnings_ = _report(caught)
    return pipeline


def fit(estimator: BaseEstimator, X: Any, y: NDArray[Any], **arguments: Any) -> BaseEstimator:
    """Fit an estimator.

    Args:
        estimator: not fitted yet.
        X: the rows.
        y: the target.
        arguments: further ones of its `fit`.

    Raises:
        TrainingError: the data or the parameters do not suit it.
    """
    # Sums of several threads vary.
    with explain_failure(estimator), threadpool_limits(1, user_api="openmp"):
        return estimator.fit(X, y, **arguments)


def export_pipeline(
    fitted: BaseEstimator,
    table: Table,
    *,
    labels: tuple[str, ...] | None = None,
    libraries: tuple[str, ...] | None = None,
) -> ExportedModel:
    """Return a fitted pipeline as an ONNX graph, with itself to compare the graph with.

    Args:
        fitted: takes the matrix of `design_matrix`, or the data frame of `named_columns`.
        table: its columns' types are those of the graph's inputs.
        labels: in the order of the outputs; empty for a regressor. The target's by default.
        libraries: the distributions that trained it; by default those that its steps are from.

    Raises:
        TrainingError: a step cannot be converted; the message names it, and the ways out.
    """
    if labels is None:
        labels = tuple(map(str, np.unique(table.target))) if is_classifier(fitted) else ()
    if libraries is None:
        libraries = (*distributions_of(boosters_in(fitted)), *LIBRARIES)
    named = list(getattr(fitted, "feature_names_in_", ())) == list(table.places())
    by_name = named and selects_by_name(fitted)
    matrix = named_columns if named else design_matrix

    def native(other: Table) -> NDArray[np.float32]:
        predict = fitted.predict_proba if labels else fitted.predict
        outputs: NDArray[np.float32] = np.asarray(predict(matrix(other)), dtype=np.float32)
        return outputs.reshape(len(other), -1)

    def advise_on(other: Table) -> str:
        return advise(fitted, other, matrix(other), named=by_name)

    files = {artifact.MODEL: convert(fitted, table, labels, named=by_name)}
    texts = getattr(fitted, "warnings_", ())
    if labels:
        some = table.take(np.arange(min(len(table), COMPARED_ROWS)))
        texts = (*texts, *_find_other_labels(fitted, matrix(some)))
    last = fitted.steps[-1][1] if isinstance(fitted, Pipeline) else fitted
    provenance = {"estimator": type(last).__name__}
    return ExportedModel(files, labels, native, libraries, provenance, texts, advise_on)


def _find_other_labels(fitted: BaseEstimator, rows: Any) -> tuple[str, ...]:
    """Return a warning if `predict` names other labels than the most probable ones, which count."""
    shares = np.asarray(fitted.predict_proba(rows), dtype=np.float64)
    named = np.ravel(fitted.predict(rows))
    if not np.isin(named, fitted.classes_).all():
        return ()
    own = shares[np.arange(len(named)), np.searchsorted(fitted.classes_, named)]
    others = int((shares.max(axis=1) - own > TIE).sum())
    if not others:
        return ()
    name = type(last_step(fitted)).__name__
    return (
        f"`predict` of {name} names another label than the most probable one in {others} of "
        f"{len(named)} training rows; the model's answer is the most probable one. For two labels, "
        "state [target] positive and threshold (vendor/modelserve/docs/training.md).",
    )


def _weighs_names(estimator: BaseEstimator) -> bool:
    """Return whether class weights name labels, as LightGBM's may."""
    parameters = estimator.get_params(deep=True)
    return any(
        isinstance(value, dict)
        for name, value in parameters.items()
        if name.endswith("class_weight")
    )


def _report(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """Return the warnings that concern the model, a line each; raise the others again."""
    texts: dict[str, None] = {}
    for each in caught:
        if issubclass(each.category, ConvergenceWarning):
            texts[f"The estimator did not converge: {short_message(each.message)}."] = None  # type: ignore[arg-type]
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return tuple(texts)

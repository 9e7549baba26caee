"""Explain in one line why a step or an estimator cannot be fitted, and the way out."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ...errors import TrainingError
from .booster_converters import BOOSTERS
from .conversion import COLUMNS_FIRST, failed_step, last_step, short_message

ADDED_SCALER = "added_scaler"  # the name of a step that `[model] estimator` brings
SPARSE = re.compile(r"\bsparse (matri|data|input|container)", re.IGNORECASE)
MIXED = re.compile(r"ufunc|could not convert string|not supported between|uniformly strings")
DENSE = (
    "a step before it returns a sparse matrix. Write OneHotEncoder(sparse_output=False) in "
    "`transformers` in features.py, and the same of another encoder."
)
ENCODE = (
    "It gets texts, or numbers in one matrix with texts: put `*encode_columns(table)` before it in "
    "`transformers` in features.py, or select its columns by name in a ColumnTransformer."
)


@contextmanager
def explain_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Turn another library's error into one that names the step and the way out.

    A mistake in a transformer's own code keeps its traceback.

    Args:
        estimator: a step, an estimator or a pipeline, to be fitted.

    Raises:
        TrainingError: the data or the parameters do not suit it.
    """
    try:
        yield
    except Exception as error:  # LightGBM's and CatBoost's errors have no other base
        if not _is_of_the_data(error):
            raise
        name = failed_step(error) or type(last_step(estimator)).__name__
        raise TrainingError(
            f"{name}{_origin(name, estimator)} cannot be fitted: {_reason(error)}"
        ) from error


def _is_of_the_data(error: Exception) -> bool:
    """Return whether the data or the parameters caused an error, and no mistake in some code."""
    library = type(error).__module__.partition(".")[0].lstrip("_")
    if isinstance(error, ValueError | ArithmeticError) or library in BOOSTERS:
        return True
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    # Of scikit-learn, or of numpy called by it.
    return isinstance(error, TypeError) and frame.f_globals["__name__"].startswith("sklearn.")


def _reason(error: Exception) -> str:
    """Return what went wrong, and the way out if it is known."""
    text = short_message(error)
    if SPARSE.search(text):
        return DENSE
    if "only supported for dataframes" in text:
        return f"columns have names only for the first step: {COLUMNS_FIRST}."
    return f"{text}. {ENCODE}" if MIXED.search(text) else f"{text}."


def _origin(name: str, estimator: BaseEstimator) -> str:
    """Return before which estimator a scaler was added; empty for a step of the project's own."""
    while isinstance(estimator, Pipeline):
        first, scaler = estimator.steps[0]
        if first == ADDED_SCALER and type(scaler).__name__ == name:
            return f", which is added before {type(last_step(estimator)).__name__},"
        estimator = estimator.steps[-1][1]
    return ""

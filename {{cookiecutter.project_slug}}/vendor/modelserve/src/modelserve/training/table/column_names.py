"""Find out whether an estimator selects the table's columns by their names."""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

# Where others keep the estimators that they hand the table to: a search or a calibration, a
# transformed target, a vote or a stack, a union.
SINGLE = ("estimator", "regressor")
PAIRS = ("estimators", "transformer_list")


def selects_by_name(estimator: Any) -> bool:
    """Return whether what sees the table first is a ColumnTransformer with columns by name.

    Args:
        estimator: an estimator, a pipeline, or one that is made of these, such as
            GridSearchCV(pipeline) and VotingClassifier([("one", pipeline)]).
    """
    if isinstance(estimator, Pipeline):
        return selects_by_name(estimator.steps[0][1])
    if not isinstance(estimator, ColumnTransformer):  # a part may be None or "drop"
        return any(map(selects_by_name, _parts_of(estimator)))
    chosen = [columns for _, _, columns in estimator.transformers]
    return any(
        callable(columns)
        or isinstance(columns, str)
        or (isinstance(columns, list) and any(isinstance(each, str) for each in columns))
        for columns in chosen
    )


def _parts_of(estimator: Any) -> list[Any]:
    """Return the estimators that one hands its own rows to."""
    pairs = [pair for name in PAIRS for pair in getattr(estimator, name, None) or ()]
    single = [getattr(estimator, name) for name in SINGLE if hasattr(estimator, name)]
    return [*single, *(pair[1] for pair in pairs if isinstance(pair, tuple))]

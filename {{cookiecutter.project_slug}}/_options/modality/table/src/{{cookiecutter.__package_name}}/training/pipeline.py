"""From a table's columns to an ONNX graph: what of the way is the same for every estimator."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from .. import artifact
from . import evaluate, graphs
from .data import Dataset
from .made import Made

OPSET = {"": 18, "ai.onnx.ml": 3}


def design(dataset: Dataset) -> NDArray[Any]:
    """Return the matrix that an estimator fits: numbers first, then categories.

    Returns:
        float32 of shape (rows, n_columns), or objects where there are categories.
    """
    feeds = dataset.feeds()
    if list(feeds) == ["features"]:
        return feeds["features"]
    return np.hstack([part.astype(object) for part in feeds.values()])


def prepare(dataset: Dataset, *, fill_gaps: bool = True) -> list[tuple[str, BaseEstimator]]:
    """Return the steps before the estimator: none for numbers without gaps.

    Missing numbers become the column's median, for estimators that cannot take them; a category
    becomes one column a value, a missing one is a value of its own, and an unseen one is none.
    """
    names = {name for name, (tensor, _) in dataset.places().items() if tensor == "features"}
    n_numbers, n_columns = len(names), len(dataset.rows.columns)
    gaps = fill_gaps and not names.isdisjoint(dataset.gaps())
    parts: list[tuple[str, Any, list[int]]] = []
    if n_numbers:
        numbers = SimpleImputer(strategy="median") if gaps else "passthrough"
        parts.append(("numbers", numbers, list(range(n_numbers))))
    if n_columns > n_numbers:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        parts.append(("categories", encoder, list(range(n_numbers, n_columns))))
    if not gaps and n_columns == n_numbers:
        return []
    return [("columns", ColumnTransformer(parts))]


def fit(dataset: Dataset, estimator: BaseEstimator) -> Pipeline:
    """Return the estimator behind the preparation of its columns, fitted to every row."""
    return Pipeline([*prepare(dataset), ("model", estimator)]).fit(
        design(dataset), dataset.target.to_numpy()
    )


def hand_over(
    fitted: Pipeline, dataset: Dataset, *, labels: tuple[str, ...], libraries: tuple[str, ...]
) -> Made:
    """Return a fitted pipeline as a graph, and itself to compare it with.

    Args:
        fitted: what answers the matrix of `design`.
        dataset: says which columns are numbers and which categories.
        labels: in the order of the outputs.
        libraries: the distributions that made it.
    """

    def native(other: Dataset) -> NDArray[np.float32]:
        ask = fitted.predict_proba if labels else fitted.predict
        answers: NDArray[np.float32] = np.asarray(ask(design(other)), dtype=np.float32)
        return answers.reshape(len(other), -1)

    kinds = {"features": FloatTensorType, "categories": StringTensorType}
    model = to_onnx(
        fitted,
        initial_types=[
            (name, kinds[name]([None, array.shape[1]])) for name, array in dataset.feeds().items()
        ],
        options={id(_last(fitted)): {"zipmap": False}} if labels else None,
        target_opset=OPSET,
        name="model",
    )
    graphs.rename(model, model.graph.output[-1].name, evaluate.OUTPUT)
    graphs.keep_output(model, evaluate.OUTPUT, width=max(len(labels), 1))
    return Made({artifact.MODEL: graphs.to_bytes(model)}, labels, native, libraries)


def _last(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator

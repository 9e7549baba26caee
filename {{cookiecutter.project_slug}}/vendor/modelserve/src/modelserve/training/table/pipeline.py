"""Encode a table's columns, fit any scikit-learn estimator, and export both to ONNX."""

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

from ... import artifact
from .. import graphs
from ..exported_model import ExportedModel
from .table import Table

OPSET = {"": 18, "ai.onnx.ml": 3}
LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy")

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
        numbers = SimpleImputer(strategy="median") if imputes else "passthrough"
        parts.append(("numbers", numbers, list(range(n_numbers))))
    if n_columns > n_numbers:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        parts.append(("categories", encoder, list(range(n_numbers, n_columns))))
    if not imputes and n_columns == n_numbers:
        return []
    return [("columns", ColumnTransformer(parts))]


def fit_pipeline(table: Table, steps: Steps, estimator: BaseEstimator) -> Pipeline:
    """Return the estimator behind the steps, fitted to every row.

    Args:
        table: the training rows.
        steps: transform the columns, as `encode_columns` returns them.
        estimator: any that skl2onnx can convert.
    """
    pipeline = Pipeline([*steps, ("model", estimator)])
    return pipeline.fit(design_matrix(table), table.target.to_numpy())


def export_pipeline(
    fitted: Pipeline,
    table: Table,
    *,
    labels: tuple[str, ...],
    libraries: tuple[str, ...] = LIBRARIES,
) -> ExportedModel:
    """Return a fitted pipeline as an ONNX graph, with itself to compare the graph with.

    Args:
        fitted: takes the matrix of `design_matrix`.
        table: its columns' types are those of the graph's inputs.
        labels: in the order of the outputs; empty for a regressor.
        libraries: the distributions that trained it.

    Raises:
        onnx.checker.ValidationError: skl2onnx converted it to an invalid graph.
    """

    def native(other: Table) -> NDArray[np.float32]:
        predict = fitted.predict_proba if labels else fitted.predict
        outputs: NDArray[np.float32] = np.asarray(predict(design_matrix(other)), dtype=np.float32)
        return outputs.reshape(len(other), -1)

    types = {"features": FloatTensorType, "categories": StringTensorType}
    model = to_onnx(
        fitted,
        initial_types=[
            (name, types[name]([None, array.shape[1]])) for name, array in table.tensors().items()
        ],
        options={id(_last(fitted)): {"zipmap": False}} if labels else None,
        target_opset=OPSET,
        name="model",
    )
    output = graphs.output_name(labels)
    graphs.rename(model, model.graph.output[-1].name, output)
    graphs.keep_output(model, output, width=max(len(labels), 1))
    return ExportedModel({artifact.MODEL: graphs.to_bytes(model)}, labels, native, libraries)


def _last(estimator: Any) -> Any:
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator

"""The model: any classifier of scikit-learn that skl2onnx can turn into an ONNX graph."""

from modelserve import (
    EstimatorOptions,
    ExportedModel,
    Table,
    export_pipeline,
    fit_pipeline,
    make_classifier,
)
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .features import transformers


class Options(EstimatorOptions):
    """The keys of `[model]` in config/training.toml: `estimator` and `parameters`, or these."""

    C: float = Field(default=1.0, gt=0)


def build(options: Options, seed: int) -> BaseEstimator:
    """Return the estimator where `[model]` names none, not fitted yet; replace it with yours."""
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=options.C, random_state=seed, max_iter=1_000)
    )


def train(table: Table, options: Options, seed: int) -> ExportedModel:
    """Return the estimator fitted to every row, as an ONNX graph."""
    estimator = make_classifier(options, seed, default=build)
    fitted = fit_pipeline(table, transformers(table), estimator)
    return export_pipeline(fitted, table)

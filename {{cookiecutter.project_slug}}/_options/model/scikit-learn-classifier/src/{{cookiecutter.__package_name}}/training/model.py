"""The second seam: your model. Any estimator that skl2onnx can turn into an ONNX graph."""

from pydantic import Field
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from . import pipeline
from .data import Dataset
from .made import Made
from .sections import Section

LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy")


class Options(Section):
    """What `[model]` in config/training.toml may say."""

    inverse_regularisation: float = Field(default=1.0, gt=0)


def build(options: Options, seed: int) -> Pipeline:
    """Return the model before it has seen data; replace this function with yours."""
    return make_pipeline(
        StandardScaler(),
        LogisticRegression(C=options.inverse_regularisation, random_state=seed, max_iter=1_000),
    )


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model, fitted to every row of `training`, with its graph."""
    fitted = pipeline.fit(training, build(options, seed))
    labels = tuple(map(str, fitted.classes_))
    return pipeline.hand_over(fitted, training, labels=labels, libraries=LIBRARIES)

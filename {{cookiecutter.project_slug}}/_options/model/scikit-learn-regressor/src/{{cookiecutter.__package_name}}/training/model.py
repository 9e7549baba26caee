"""The second seam: your model. Any estimator that skl2onnx can turn into an ONNX graph."""

from pydantic import Field
from sklearn.ensemble import RandomForestRegressor

from . import pipeline
from .data import Dataset
from .made import Made
from .sections import Section

LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy")


class Options(Section):
    """What `[model]` in config/training.toml may say."""

    trees: int = Field(default=100, ge=1)
    least_rows_in_leaf: int = Field(default=5, ge=1)


def build(options: Options, seed: int) -> RandomForestRegressor:
    """Return the model before it has seen data; replace this function with yours."""
    return RandomForestRegressor(
        n_estimators=options.trees,
        min_samples_leaf=options.least_rows_in_leaf,
        max_features=1 / 3,
        random_state=seed,
    )


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model, fitted to every row of `training`, with its graph."""
    fitted = pipeline.fit(training, build(options, seed))
    return pipeline.hand_over(fitted, training, labels=(), libraries=LIBRARIES)

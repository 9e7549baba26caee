"""The second seam: your model. Any XGBoost regressor, stopped early."""

import numpy as np
from xgboost import XGBRegressor

from . import boosting, pipeline
from .data import Dataset
from .made import Made


class Options(boosting.BoostingOptions):
    """What `[model]` in config/training.toml may say."""


def build(options: Options, seed: int) -> XGBRegressor:
    """Return the model before it has seen data; replace this function with yours."""
    return XGBRegressor(**boosting.settings(options, seed))


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model, fitted to `training`, with its graph."""
    y = training.target.to_numpy(dtype=np.float32)
    fitted = boosting.fit(training, y, build(options, seed), options, seed)
    boosting.register()
    return pipeline.hand_over(fitted, training, labels=(), libraries=boosting.libraries())

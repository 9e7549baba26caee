"""The second seam: your model. Any XGBoost classifier, stopped early."""

import numpy as np
from xgboost import XGBClassifier

from . import boosting, pipeline
from .data import Dataset
from .made import Made


class Options(boosting.BoostingOptions):
    """What `[model]` in config/training.toml may say."""


def build(options: Options, seed: int) -> XGBClassifier:
    """Return the model before it has seen data; replace this function with yours."""
    return XGBClassifier(**boosting.settings(options, seed))


def make(training: Dataset, options: Options, seed: int) -> Made:
    """Return the model, fitted to `training`, with its graph."""
    labels, y = np.unique(training.target.to_numpy(), return_inverse=True)
    booster = build(options, seed)
    fitted = boosting.fit(training, y, booster, options, seed, stratify=y)
    boosting.register()
    return pipeline.hand_over(
        fitted, training, labels=tuple(map(str, labels)), libraries=boosting.libraries()
    )

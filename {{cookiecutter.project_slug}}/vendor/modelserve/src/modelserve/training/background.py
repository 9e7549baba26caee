"""The training rows that explanations replace a row's values with."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import artifact
from ..artifact import Content
from ..manifest import Manifest
from .config import Config
from .dataset import Dataset


def background_file(
    training: Dataset, outputs: NDArray[np.float32], manifest: Manifest, config: Config
) -> dict[str, Content]:
    """Return the file of background rows by its name; none for texts, or if it is turned off.

    Args:
        training: the training rows.
        outputs: of the model for them, of shape (rows, n_outputs).
        manifest: of the model.
        config: the number of background rows, and the seed.
    """
    count = min(config.reference.background_rows, len(training))
    if manifest.modality == "text" or not count:
        return {}
    rows = training.take(choose_rows(outputs, count, seed=config.seed)).rows
    records: list[dict[str, Any]] = json.loads(rows.to_json(orient="records", double_precision=15))
    return {artifact.BACKGROUND: artifact.to_text(records)}


def choose_rows(outputs: NDArray[np.float32], count: int, *, seed: int) -> NDArray[np.int64]:
    """Return the numbers of rows that stand for all of them: at equal steps along the outputs.

    Args:
        outputs: of shape (rows, n_outputs).
        count: of rows, at most as many as there are.
        seed: orders the rows with the same outputs.

    Returns:
        of shape (count,).
    """
    shuffled = np.random.default_rng(seed).permutation(len(outputs))
    code = outputs[shuffled].argmax(axis=1)
    order = shuffled[np.lexsort((outputs[shuffled, code], code))]
    steps = (np.arange(count) + 0.5) * len(order) / count
    return order[steps.astype(np.int64)]

"""How much a model relies on each field: its error with the field's values shuffled."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..artifact import MODEL
from . import parity
from .dataset import Dataset, Files
from .frames import with_columns
from .measures.bootstrap import choose
from .measures.classification import cross_entropy, predict_labels

REPEATS = 5
MAX_ROWS, MIN_ROWS = 1_000, 50  # that are shuffled
MAX_PREDICTIONS = 200_000  # of rows, over all fields and repeats
MAX_SECONDS = 20


class FieldImportance(NamedTuple):
    """By how much the error rises when a field is shuffled: the mean, and its deviation."""

    field: str
    rise: float
    deviation: float


class Importance(NamedTuple):
    """The fields by importance; none for texts, or where it takes too long."""

    metric: str
    rows: int
    fields: tuple[FieldImportance, ...]


def permutation_importance(
    files: Files, dataset: Dataset, labels: Sequence[str], seed: int
) -> Importance:
    """Return the importance of each field of a table: log loss for labels, mae for values.

    Args:
        files: with the ONNX graph.
        dataset: rows that the model was not fitted to.
        labels: in the order of the outputs; empty for a regressor.
        seed: of the shuffles, and of the choice among many rows.

    Source: Breiman (2001), Random forests; Fisher et al. (2019), All models are wrong.
    """
    metric = "log_loss" if labels else "mae"
    names = list(map(str, dataset.rows.columns))
    if dataset.pipeline_tag != "tabular" or len(dataset) < 2:
        return Importance(metric, 0, ())
    most = max(min(MAX_ROWS, MAX_PREDICTIONS // (len(names) * REPEATS)), MIN_ROWS)
    chosen = dataset.take(choose(len(dataset), most, seed=seed))
    session, target = parity.open_graph(files[MODEL]), chosen.target.tolist()
    before = _errors(parity.run_session(session, chosen, files), target, labels)[0]
    repeated: Any = chosen.take(np.tile(np.arange(len(chosen)), REPEATS))
    generator, until = np.random.default_rng(seed), time.monotonic() + MAX_SECONDS
    fields = []
    for name in names:
        order = np.concatenate([generator.permutation(len(chosen)) for _ in range(REPEATS)])
        shuffled = with_columns(repeated.rows, {name: chosen.rows[name].array.take(order)})
        outputs = parity.run_session(session, replace(repeated, rows=shuffled), files)
        rises = _errors(outputs, target, labels) - before
        fields.append(FieldImportance(name, float(rises.mean()), float(rises.std(ddof=1))))
        if time.monotonic() > until:
            return Importance(metric, 0, ())
    fields.sort(key=lambda each: -each.rise)
    return Importance(metric, len(chosen), tuple(fields))


def _errors(
    outputs: NDArray[np.float32], target: Sequence[Any], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Return the error of each repeat, of shape (repeats,)."""
    parts = np.split(outputs, len(outputs) // len(target))
    if labels:
        errors = [cross_entropy(predict_labels(target, each, labels, None)) for each in parts]
    else:
        errors = [
            float(np.abs(each[:, 0] - np.asarray(target, np.float64)).mean()) for each in parts
        ]
    return np.array(errors)

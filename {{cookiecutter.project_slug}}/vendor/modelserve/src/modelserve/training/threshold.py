"""Choose the probability from which on the positive label is the answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Decision, label_of, make_decision
from ..errors import ConfigurationError, TrainingError
from .sections import TargetSection, ThresholdMetric

DEFAULT = 0.5
DIGITS = 6  # of a threshold, as of a probability in a response

Counts = NDArray[np.float64]


def decide(
    section: TargetSection,
    labels: Sequence[str],
    target: Sequence[Any],
    outputs: NDArray[np.float32],
) -> tuple[float | None, Decision | None]:
    """Return the threshold and the decision of a model; None without a positive label.

    Args:
        section: the positive label, and the threshold or the metric that it maximises.
        labels: of the model.
        target: of the calibration rows.
        outputs: for the calibration rows, of shape (rows, n_labels).

    Raises:
        ConfigurationError: the positive label is not one of two.
        TrainingError: the calibration rows have one label only.
    """
    positive = section.positive
    if positive is None:
        return None, None
    if len(labels) != 2 or positive not in labels:
        named = ", ".join(map(repr, labels[:5]))
        raise ConfigurationError(
            f"[target] positive = {positive[:40]!r} in config/training.toml must be one of two "
            f"labels; the model has {named}{', …' if len(labels) > 5 else ''}."
        )
    threshold = section.threshold or DEFAULT
    if isinstance(threshold, str):
        truth = np.array([label_of(value) == positive for value in target], dtype=np.bool_)
        shares = outputs[:, list(labels).index(positive)]
        threshold = best_threshold(truth, shares, threshold)
    return threshold, make_decision(labels, positive, threshold)


def best_threshold(
    truth: NDArray[np.bool_], shares: NDArray[np.float32], metric: ThresholdMetric
) -> float:
    """Return the threshold that maximises a metric; of several, the nearest to 0.5.

    Args:
        truth: whether a row has the positive label, of shape (rows,).
        shares: the probability of the positive label, of shape (rows,).
        metric: to maximise.

    Raises:
        TrainingError: the rows have one label only.
    """
    if truth.all() or not truth.any():
        raise TrainingError(
            f'[target] threshold = "{metric}" needs calibration rows of both labels; raise [split] '
            "calibration_size, or write a number."
        )
    order = np.argsort(-shares, kind="stable")
    ordered = shares[order].astype(np.float64)
    ends = np.flatnonzero(np.append(ordered[:-1] > ordered[1:], True))  # of equal probabilities
    hits = truth[order].cumsum()[ends].astype(np.float64)
    alarms = (ends + 1) - hits
    scores = METRICS[metric](hits, alarms, float(truth.sum()), float((~truth).sum()))
    below = np.append(ordered[ends[1:]], 0.0)
    thresholds = (ordered[ends] + below) / 2
    best = np.flatnonzero((scores >= scores.max() - 1e-12) & (thresholds > 0))
    chosen = best[np.abs(thresholds[best] - DEFAULT).argmin()]
    rounded = round(float(thresholds[chosen]), DIGITS)
    between = below[chosen] < rounded < ordered[ends][chosen]
    return rounded if between else float(thresholds[chosen])


def f1(hits: Counts, alarms: Counts, positives: float, negatives: float) -> Counts:
    """Return F1 from true and false positives, each of shape (thresholds,)."""
    del negatives
    return 2 * hits / (hits + alarms + positives)


def balanced_accuracy(hits: Counts, alarms: Counts, positives: float, negatives: float) -> Counts:
    """Return the mean of both labels' recall."""
    return (hits / positives + (negatives - alarms) / negatives) / 2


def mcc(hits: Counts, alarms: Counts, positives: float, negatives: float) -> Counts:
    """Return Matthews' correlation coefficient; 0 where it is not defined.

    Source: Chicco & Jurman (2020), The advantages of the Matthews correlation coefficient.
    """
    rest = positives + negatives - hits - alarms
    product = (hits + alarms) * rest * positives * negatives
    gain = hits * (negatives - alarms) - alarms * (positives - hits)
    return np.divide(gain, np.sqrt(product), out=np.zeros_like(gain), where=product > 0)


METRICS = {"f1": f1, "balanced_accuracy": balanced_accuracy, "mcc": mcc}

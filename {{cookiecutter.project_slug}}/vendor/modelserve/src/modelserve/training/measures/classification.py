"""The metrics of a classifier, by scikit-learn."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
    roc_auc_score,
)

from ...answers import CONFIDENCE, Decision, label_codes, label_of, observe
from ...errors import FieldError, InvalidInputError
from ...metric_table import OF_LABEL
from .intervals import bootstrap_labels
from .measurement import Measurement, MetricFunction, compute
from .predictions import BINS, LabelPredictions

SHOWN = 10  # labels in an error
ALWAYS = (
    *("accuracy", "gain_over_majority", "macro_f1", "log_loss", "mean_confidence"),
    *("balanced_accuracy", "mcc", "roc_auc", "calibration_error"),
)
WITH_POSITIVE = ("precision", "recall", "f1", "pr_auc")
NO_POSITIVE = "needs [target] positive in config/training.toml"


def measure_labels(
    target: Sequence[Any],
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None,
    named: Collection[str] = (),
) -> Measurement:
    """Return a classifier's metrics on some rows, with their confidence intervals.

    Args:
        target: the true label of each row.
        outputs: probabilities of shape (rows, n_labels).
        labels: in the order of the columns.
        decision: which of two labels is the answer, if not the most probable one.
        named: metrics that are measured besides those that always are.

    Raises:
        InvalidInputError: the target holds labels that the model does not have; each is named.
    """
    predictions = predict_labels(target, outputs, labels, decision)
    functions = functions_of(labels)
    wanted = [*ALWAYS, *(WITH_POSITIVE if decision else ())]
    wanted += [name for name in named if name in functions and name not in wanted]
    metrics, reasons = compute(functions, wanted, predictions)
    return Measurement(metrics, reasons, bootstrap_labels(predictions, metrics))


def predict_labels(
    target: Sequence[Any],
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None,
) -> LabelPredictions:
    """Return outputs with answers and truth, as `measure_labels` takes them.

    Raises:
        InvalidInputError: the target holds labels that the model does not have; each is named.
    """
    codes = {label: code for code, label in enumerate(labels)}
    truth = [label_of(value) for value in target]
    if unknown := sorted(set(truth) - codes.keys()):
        listed = ", ".join(labels[:SHOWN]) + (" …" if len(labels) > SHOWN else "")
        unnamed = all(name.startswith("LABEL_") for name in labels)  # as transformers calls them
        way_out = "; name them by [model] labels in config/training.toml" if unnamed else ""
        problem = f"not a label of the model, which has {listed}{way_out}"
        raise InvalidInputError([FieldError(name, problem) for name in unknown])
    shares = outputs.astype(np.float64).clip(0)  # 1 - 1.0000001 is negative
    shares /= shares.sum(axis=1, keepdims=True)
    return LabelPredictions(
        np.array([codes[name] for name in truth], dtype=np.int64),
        label_codes(outputs, decision),
        shares,
        observe(outputs, labels, decision)[CONFIDENCE],
        labels,
        decision.positive if decision else None,
    )


def functions_of(labels: Sequence[str]) -> dict[str, MetricFunction[LabelPredictions]]:
    """Return the function of each metric, also of precision and recall of each label."""
    of_labels: dict[str, MetricFunction[LabelPredictions]] = {
        f"{name}:{label}": partial(METRICS_OF_LABEL[name], code=code)
        for code, label in enumerate(labels)
        for name in OF_LABEL
    }
    return METRICS | of_labels


def accuracy(given: LabelPredictions) -> float:
    """Return the share of rows whose label is right."""
    return float(accuracy_score(given.truth, given.answers))


def gain_over_majority(given: LabelPredictions) -> float:
    """Return by how much accuracy exceeds that of always naming the majority label."""
    return accuracy(given) - int(np.bincount(given.truth).max()) / len(given.truth)


def macro_f1(given: LabelPredictions) -> float:
    """Return F1 averaged over all labels; 0 for one that is neither there nor named."""
    codes = range(len(given.labels))
    return float(
        f1_score(given.truth, given.answers, average="macro", labels=codes, zero_division=0)
    )


def cross_entropy(given: LabelPredictions) -> float:
    """Return the log loss of the probabilities, in nats."""
    return float(log_loss(given.truth, given.shares, labels=range(len(given.labels))))


def mean_confidence(given: LabelPredictions) -> float:
    """Return the mean probability of the answers."""
    return float(given.confidence.mean())


def balanced_accuracy(given: LabelPredictions) -> float:
    """Return recall averaged over the labels that are there."""
    present = np.unique(given.truth)
    return float(
        recall_score(given.truth, given.answers, labels=present, average="macro", zero_division=0)
    )


def mcc(given: LabelPredictions) -> float:
    """Return the Matthews correlation coefficient; 0 where it is not defined."""
    if len(np.union1d(given.truth, given.answers)) < 2:
        return 0.0
    return float(matthews_corrcoef(given.truth, given.answers))


def roc_auc(given: LabelPredictions) -> float | str:
    """Return the area under the ROC curve, averaged over the labels that are there."""
    if len(present := np.unique(given.truth)) < 2:
        return "all rows have one label"
    return float(
        np.mean([roc_auc_score(given.truth == code, given.shares[:, code]) for code in present])
    )


def calibration_error(given: LabelPredictions) -> float:
    """Return how far confidence is from accuracy, in bins of confidence, weighted by rows.

    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    right = given.truth == given.answers
    gaps = np.bincount(given.bins, given.confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def brier_score(given: LabelPredictions) -> float:
    """Return the mean squared error of the probabilities: of one of two labels, or of all."""
    return float(brier_score_loss(given.truth, given.shares, labels=range(len(given.labels))))


def precision_of(given: LabelPredictions, code: int) -> float | str:
    """Return the share of a label's answers that are right."""
    if not (given.answers == code).any():
        return f"no answer is {given.labels[code][:40]!r}"
    return float(precision_score(given.truth == code, given.answers == code))


def recall_of(given: LabelPredictions, code: int) -> float | str:
    """Return the share of a label's rows that are found."""
    if not (given.truth == code).any():
        return f"no row has the label {given.labels[code][:40]!r}"
    return float(recall_score(given.truth == code, given.answers == code))


def precision(given: LabelPredictions) -> float | str:
    """Return the share of positive answers that are right."""
    return NO_POSITIVE if given.positive is None else precision_of(given, given.positive)


def recall(given: LabelPredictions) -> float | str:
    """Return the share of positive rows that are found."""
    return NO_POSITIVE if given.positive is None else recall_of(given, given.positive)


def f1(given: LabelPredictions) -> float | str:
    """Return the harmonic mean of precision and recall."""
    if given.positive is None:
        return NO_POSITIVE
    truth, answers = given.truth == given.positive, given.answers == given.positive
    if not truth.any():
        return f"no row has the label {given.labels[given.positive][:40]!r}"
    return float(f1_score(truth, answers, zero_division=0))


def pr_auc(given: LabelPredictions) -> float | str:
    """Return the average precision of the positive label."""
    if given.positive is None:
        return NO_POSITIVE
    truth = given.truth == given.positive
    if not truth.any():
        return f"no row has the label {given.labels[given.positive][:40]!r}"
    return float(average_precision_score(truth, given.shares[:, given.positive]))


METRICS: dict[str, MetricFunction[LabelPredictions]] = {
    "accuracy": accuracy,
    "gain_over_majority": gain_over_majority,
    "macro_f1": macro_f1,
    "log_loss": cross_entropy,
    "mean_confidence": mean_confidence,
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
    "roc_auc": roc_auc,
    "calibration_error": calibration_error,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "pr_auc": pr_auc,
    "brier_score": brier_score,
}
METRICS_OF_LABEL = {"precision": precision_of, "recall": recall_of}

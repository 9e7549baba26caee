"""What every metric of training means, and which direction is better."""

from typing import Literal, NamedTuple


class MetricInfo(NamedTuple):
    """A metric as people and promotion read it.

    Args:
        task: the task that has it.
        meaning: one phrase.
        better: the direction; None for what is no measure of quality, or is chosen before training.
        compared: whether promotion compares it; not precision and recall, one of which falls where
            the other rises.
    """

    task: Literal["classifier", "regressor"]
    meaning: str
    better: Literal["higher", "lower"] | None = "higher"
    compared: bool = True


METRICS = {
    "accuracy": MetricInfo("classifier", "share of rows whose label is right"),
    "gain_over_majority": MetricInfo("classifier", "accuracy above always naming the majority"),
    "macro_f1": MetricInfo("classifier", "F1 of each label, averaged"),
    "log_loss": MetricInfo("classifier", "cross-entropy of the probabilities, in nats", "lower"),
    "mean_confidence": MetricInfo("classifier", "probability of the answer", None, compared=False),
    "balanced_accuracy": MetricInfo("classifier", "recall of each label, averaged"),
    "mcc": MetricInfo("classifier", "Matthews correlation coefficient, -1 to 1"),
    "roc_auc": MetricInfo("classifier", "area under the ROC curve; each label against the rest"),
    "calibration_error": MetricInfo(
        "classifier", "distance of confidence from accuracy, over 10 bins", "lower", compared=False
    ),
    "precision": MetricInfo(
        "classifier", "share of positive answers that are right", compared=False
    ),
    "recall": MetricInfo("classifier", "share of positive rows that are found", compared=False),
    "f1": MetricInfo("classifier", "harmonic mean of precision and recall"),
    "pr_auc": MetricInfo("classifier", "average precision of the positive label"),
    "brier_score": MetricInfo("classifier", "squared error of the probabilities", "lower"),
    "mae": MetricInfo("regressor", "mean absolute error", "lower"),
    "rmse": MetricInfo("regressor", "root mean squared error", "lower"),
    "r2": MetricInfo("regressor", "coefficient of determination"),
    "interval_coverage": MetricInfo(
        "regressor", "share of true values in the interval", None, compared=False
    ),
    "median_absolute_error": MetricInfo("regressor", "median of the absolute errors", "lower"),
    "pinball_loss": MetricInfo("regressor", "quantile loss of both ends of the interval", "lower"),
    "mape": MetricInfo("regressor", "mean absolute error relative to the true value", "lower"),
    "max_error": MetricInfo("regressor", "largest absolute error", "lower"),
    "explained_variance": MetricInfo("regressor", "R² without the mean of the errors"),
}
# Of one label, such as "recall:yes".
OF_LABEL = ("precision", "recall")


def info_of(name: str) -> MetricInfo | None:
    """Return what is known of a metric; None for a project's own."""
    return METRICS.get(name.partition(":")[0] if name.startswith(PREFIXES) else name)


PREFIXES = tuple(f"{each}:" for each in OF_LABEL)

"""How good the predictions were, by their ground truth, and how confident the model was."""

from dataclasses import dataclass

from .captures import LineError
from .drift import MAY_BE_CHANCE, Verdict

Interval = tuple[float, float]  # both ends, the lower one first


@dataclass(frozen=True)
class FeedbackSummary:
    """How many ground truths match a prediction, and why the others do not.

    Args:
        counted: rows with a prediction of the model and a ground truth.
        late: of these, those whose ground truth arrived after the end of the window.
        duplicate: further ground truths for the same row; the first one counts.
        unmatched: ground truths for no row of the window; they may belong to another one.
        degraded: ground truths for rows that the fallback answered; they are not counted.
        unknown_label: counted rows with a label that the model does not know: always wrong.
        corrupt: lines that are not JSON, or hold no readable ground truth.
        line_errors: the first of the corrupt lines.
    """

    counted: int
    late: int
    duplicate: int
    unmatched: int
    degraded: int
    unknown_label: int
    corrupt: int
    line_errors: tuple[LineError, ...]


@dataclass(frozen=True)
class Metric:
    """A metric of the predictions with a ground truth, beside training's.

    Args:
        name: as in the manifest.
        value: in the window.
        training: in the manifest, None if training did not measure it.
        bound: the worst value that is accepted, None without a threshold.
        p: the probability of a value at least as bad, if the true one were `bound`; None without
            a threshold.
        verdict: VIOLATION if `value` is worse than `bound` and `p` below the significance.
        interval: of the true value, None without a threshold; the true value lies beyond either
            end with the probability of the significance.
    """

    name: str
    value: float
    training: float | None
    bound: float | None
    p: float | None
    verdict: Verdict
    interval: Interval | None = None

    @property
    def chance(self) -> str:
        """Return "may be chance" if `bound` lies in `interval`, nothing if not."""
        return chance_of(self.verdict, self.interval, self.bound)


@dataclass(frozen=True)
class LabelMetrics:
    """One label against all others.

    Args:
        label: its name.
        predicted: rows predicted as it.
        actual: rows that are it.
        both: rows that are both.
        training: the recall of rows that the model was not fitted to, None if it is not known.
        bound: the lowest recall that is accepted.
        p: the probability of a recall at least as far below training's by chance (Bonferroni).
        verdict: of the recall: VIOLATION if it is below `bound` and `p` below the significance.
        interval: of the true recall.
        training_rows: that training's recall is of.
    """

    label: str
    predicted: int
    actual: int
    both: int
    training: float | None = None
    bound: float | None = None
    p: float | None = None
    verdict: Verdict = Verdict.INFORMATIVE
    interval: Interval | None = None
    training_rows: int = 0

    @property
    def chance(self) -> str:
        """Return "may be chance" if `bound` lies in `interval`, or training has too few rows."""
        if self.training_tells_too_little:
            return MAY_BE_CHANCE
        return chance_of(self.verdict, self.interval, self.bound)

    @property
    def training_tells_too_little(self) -> bool:
        """Return whether recall is below `bound` for certain, but perhaps not below training's.

        However many rows there are in production, only more rows in training decide it.
        """
        below = self.interval and self.bound is not None and self.interval[1] < self.bound
        return self.verdict is Verdict.OK and bool(below)

    @property
    def precision(self) -> float | None:
        """Return the share of the predicted rows that are right."""
        return self.both / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Return the share of the actual rows that were predicted."""
        return self.both / self.actual if self.actual else None


@dataclass(frozen=True)
class CalibrationPoint:
    """One point of a reliability diagram; a calibrated model's lie on the diagonal.

    Args:
        rows: in its bin.
        predicted: their mean confidence; of a regressor, their mean prediction.
        actual: their accuracy; of a regressor, their mean ground truth.
    """

    rows: int
    predicted: float
    actual: float


@dataclass(frozen=True)
class Performance:
    """The metrics of the predictions with a ground truth.

    Args:
        feedback: how many there are.
        metrics: the one with a threshold first; none without a ground truth.
        labels: a classifier's.
        confusion: a classifier's: `confusion[i][j]` rows were predicted as label i and are label
            j; the last column is for labels that the model does not know.
        calibration: the points of the reliability diagram.
    """

    feedback: FeedbackSummary
    metrics: tuple[Metric, ...]
    labels: tuple[LabelMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationPoint, ...]


@dataclass(frozen=True)
class Confidence:
    """A classifier's mean confidence: its expected accuracy, without any ground truth.

    Valid for a calibrated model as long as the same inputs mean the same labels: drift of the
    inputs shows here, concept drift does not.

    Args:
        rows: with a confidence.
        mean: of the most probable label's probability.
        training: the same over the test rows, None if training did not measure it.
        bound: the lowest mean that is accepted.
        p: the probability of a mean at least as far below training's by chance.
        verdict: VIOLATION if `mean` is below `bound` and `p` below the significance.
        interval: of the true mean, None without a threshold.
    """

    rows: int
    mean: float
    training: float | None
    bound: float | None
    p: float | None
    verdict: Verdict
    interval: Interval | None = None

    @property
    def chance(self) -> str:
        """Return "may be chance" if `bound` lies in `interval`, nothing if not."""
        return chance_of(self.verdict, self.interval, self.bound)


def chance_of(verdict: Verdict, interval: Interval | None, bound: float | None) -> str:
    """Return "may be chance" if the threshold lies in the interval of a value with a verdict."""
    if verdict not in (Verdict.OK, Verdict.VIOLATION) or interval is None or bound is None:
        return ""
    return MAY_BE_CHANCE if interval[0] <= bound <= interval[1] else ""

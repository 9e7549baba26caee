"""What a comparison of production with training has found: all that a report is drawn from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from ..bins import MISSING, UNSEEN

Kind = Literal["input", "output"]


class Verdict(StrEnum):
    """What is said of a figure."""

    CALM = "calm"
    BREACHED = "breached"
    TOO_FEW = "too few"  # to tell anything
    UNREAD = "unread"  # redacted, or not captured
    INFORMATIVE = "informative"  # shown beside the others, and held to no bound


@dataclass(frozen=True)
class Window:
    """The time that was asked for, open at an end that is None, and what lay in it.

    `first` and `last` are the earliest and the latest inference; `records` are requests that this
    version of the model answered, `rows` what they asked about.
    """

    since: datetime | None
    until: datetime | None
    first: datetime
    last: datetime
    records: int
    rows: int


@dataclass(frozen=True)
class Place:
    """A line that could not be read: in which file, by its number from 1, and why."""

    file: str
    line: int
    problem: str


@dataclass(frozen=True)
class Read:
    """What was read, and what could not be.

    Args:
        files: that were read whole.
        open_files: that capture has not closed yet, and which were left alone.
        corrupt: lines that are no JSON, or no text.
        foreign: lines that are JSON, and no record of a capture.
        refused: records whose answer is none of a model's, such as an error.
        outside: records before or after the window.
        degraded: rows that the training prior answered, not the model.
        places: the first few of the corrupt and the foreign lines.
        versions: records in the window by the version that answered, "(unstated)" where capture
            kept no answer; only this model's and the unstated ones are compared.
        unread: rows by field, in which it was redacted, not captured, or could not be read.
    """

    files: int
    open_files: int
    corrupt: int
    foreign: int
    refused: int
    outside: int
    degraded: int
    places: tuple[Place, ...]
    versions: dict[str, int]
    unread: dict[str, int]


@dataclass(frozen=True)
class Numbers:
    """A numeric field's values, where they are present; `deviation` is the sample's."""

    present: int
    mean: float
    deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Shift:
    """One field's distribution beside the reference's, both over the same bins.

    Args:
        kind: whether it goes into the model, or comes out of it.
        field: its name.
        bins: their names, of shape (n_bins,); the last one is "(missing)".
        edges: the inner bounds of a number's bins, none for categories.
        reference: rows of training in each bin, of shape (n_bins,); for outputs, held-back rows.
        observed: production's, of shape (n_bins,).
        psi: population stability index, in nats.
        psi_critical: what `psi` stays below in 1 - significance of all windows without a shift,
            over all fields of this kind together (Bonferroni).
        p: of Pearson's chi-square test that both are samples of one distribution.
        adjusted_p: the same by Holm, over all fields of this kind.
        ks: Kolmogorov-Smirnov distance on the bins, of numbers; at most the values' own distance.
        ks_p: its p-value, which the bins can only make larger.
        jensen_shannon: distance in base 2, from 0 to 1.
        out_of_range: rows below the smallest or above the largest value that training saw.
        numbers: of the observed values, None for categories and where there are none.
        verdict: BREACHED when `psi` lies above the configured bound and above `psi_critical`.
    """

    kind: Kind
    field: str
    bins: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[int, ...]
    observed: tuple[int, ...]
    psi: float
    psi_critical: float
    p: float
    adjusted_p: float
    ks: float | None
    ks_p: float | None
    jensen_shannon: float
    out_of_range: int
    numbers: Numbers | None
    verdict: Verdict

    @property
    def rows(self) -> int:
        """How many rows were observed."""
        return sum(self.observed)

    @property
    def missing_share(self) -> float:
        """The share of the observed rows in which the field is missing."""
        return share(self.observed[self.bins.index(MISSING)], self.rows)

    @property
    def reference_missing_share(self) -> float:
        """The same share of training's."""
        return share(self.reference[self.bins.index(MISSING)], sum(self.reference))

    @property
    def unseen_share(self) -> float | None:
        """The share of the observed rows with a category that training has not seen."""
        if UNSEEN not in self.bins:
            return None
        return share(self.observed[self.bins.index(UNSEEN)], self.rows)


@dataclass(frozen=True)
class Outcomes:
    """The truths that were read: how many of them met an answer, and what became of the others.

    Args:
        counted: rows with an answer of the model and a truth.
        late: of these, whose truth came after the window's end.
        duplicate: truths about a row that had one; the first one counts.
        unmatched: truths about no row in the window; they may belong to another window.
        degraded: truths about rows that the training prior answered; not counted.
        unknown_label: of those counted, with a label that the model cannot give: always wrong.
        corrupt: lines that are no JSON, or hold no truth that can be read.
        places: the first few of the corrupt ones.
    """

    counted: int
    late: int
    duplicate: int
    unmatched: int
    degraded: int
    unknown_label: int
    corrupt: int
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Metric:
    """A figure of the answers that met a truth, beside training's.

    Args:
        name: as in the manifest.
        value: in the window.
        training: the manifest's, None where training did not measure it.
        bound: what `value` may not pass, None where it is held to none.
        p: how often chance alone would put it as far beyond `bound`, if in truth it lay on it; None
            without a bound.
        verdict: BREACHED when `value` lies beyond `bound` and `p` below the significance.
    """

    name: str
    value: float
    training: float | None
    bound: float | None
    p: float | None
    verdict: Verdict


@dataclass(frozen=True)
class LabelFigures:
    """One label against all others: rows predicted so, rows that are so, rows that are both."""

    label: str
    predicted: int
    actual: int
    both: int

    @property
    def precision(self) -> float | None:
        """The share of the rows predicted so that are so."""
        return self.both / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """The share of the rows that are so that were predicted so."""
        return self.both / self.actual if self.actual else None


@dataclass(frozen=True)
class CalibrationPoint:
    """A point of a reliability plot, which lies on the diagonal when the model is calibrated.

    Args:
        rows: that it stands for.
        predicted: their mean confidence; of a regressor, their mean answer.
        actual: the share of them that were right; of a regressor, their mean truth.
    """

    rows: int
    predicted: float
    actual: float


@dataclass(frozen=True)
class Performance:
    """What the truths say of the answers.

    `labels` and `confusion` are a classifier's: confusion[i][j] rows were predicted as label i and
    are label j; the last column is for labels that the model does not know.
    """

    outcomes: Outcomes
    metrics: tuple[Metric, ...]
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationPoint, ...]


@dataclass(frozen=True)
class Confidence:
    """A classifier's mean confidence, which is the accuracy to be expected before any truth.

    That holds for a calibrated model while the same inputs still mean the same labels: a shift in
    the inputs shows here, a change of what they mean (concept drift) does not.

    Args:
        rows: with a confidence.
        mean: of the likeliest label's probability: the expected accuracy.
        training: the same over the rows that training held back, None where it was not measured.
        bound: what `mean` may not fall below.
        p: how often chance alone would put it as far below training's.
        verdict: BREACHED when `mean` lies below `bound` and `p` below the significance.
    """

    rows: int
    mean: float
    training: float | None
    bound: float | None
    p: float | None
    verdict: Verdict


@dataclass(frozen=True)
class GroupFigures:
    """One group: its outcomes, and accuracy; of a regressor, the mean absolute error.

    `compared` is false for a group with too few outcomes.
    """

    group: str
    outcomes: int
    metric: str
    value: float | None
    compared: bool


@dataclass(frozen=True)
class Gap:
    """The largest difference between two groups by one measure.

    Args:
        measure: "demographic_parity", "equalised_odds", or of a regressor "error_ratio".
        value: the difference; of "error_ratio", the worst group's error over the best group's.
        bound: what `value` may not pass.
        label: about which it is largest, None for a regressor.
        low: the group with the lowest rate, or error.
        high: the group with the highest.
        p: how often chance alone would show such a difference somewhere (Bonferroni).
        verdict: BREACHED when `value` lies above `bound` and `p` below the significance; TOO_FEW
            when fewer than two groups can be compared: then `value` is 0, or 1 for a ratio.
    """

    measure: Literal["demographic_parity", "equalised_odds", "error_ratio"]
    value: float
    bound: float
    label: str | None
    low: str | None
    high: str | None
    p: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Fairness:
    """How alike the configured groups are served; without configured groups there is none."""

    groups: tuple[GroupFigures, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Violation:
    """Something that someone should look at, in the words of SageMaker's Model Monitor.

    `check` is its "constraint_check_type", `name` a field's or a metric's.
    """

    name: str
    check: str
    description: str


@dataclass(frozen=True)
class Findings:
    """A finished comparison.

    Args:
        made: when, in UTC.
        model: its name.
        version: of the model.
        task: "classifier" or "regressor".
        window: the time that was looked at.
        read: what there was to read.
        shifts: one a watched field, inputs first, each kind in the order of the reference.
        confidence: a classifier's; None for a regressor, and where no answer tells it.
        performance: None when no ground truth was given.
        fairness: None when no ground truth was given, or no group is configured.
        violations: everything that is breached; none, and all is calm.
    """

    made: datetime
    model: str
    version: str
    task: Literal["classifier", "regressor"]
    window: Window
    read: Read
    shifts: tuple[Shift, ...]
    confidence: Confidence | None
    performance: Performance | None
    fairness: Fairness | None
    violations: tuple[Violation, ...]

    @property
    def breached(self) -> bool:
        """Whether someone should look."""
        return bool(self.violations)


def share(part: int, whole: int) -> float:
    """Return a part's share of the whole, 0 of nothing."""
    return part / whole if whole else 0.0

"""The result of comparing a candidate with the served model, and the reasons against it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite, isnan
from typing import Any, Literal

Requirement = Literal["not-worse", "better"]
Better = Literal["higher", "lower"]
Verdict = Literal["better", "as good", "worse", "undefined"]

NAMED = 5  # slices in a message


@dataclass(frozen=True)
class Criteria:
    """What a candidate must meet.

    Args:
        tolerance: by how much a metric may be worse, in its own unit.
        requirement: "better" asks that the primary metric's interval excludes no gain.
        latency_ratio: how many times as long as the served model's a call may take.
    """

    tolerance: float = 0.0
    requirement: Requirement = "not-worse"
    latency_ratio: float = 2.0


@dataclass(frozen=True)
class MetricDifference:
    """One metric of both models on the same rows.

    Args:
        name: of the metric.
        better: its better direction.
        champion: the served model's value.
        candidate: the candidate's value.
        difference: the candidate's value minus the served model's.
        low: the lower end of the difference's 95 % interval; None without one.
        high: its upper end.
        verdict: "worse" forbids the promotion.
        reason: why the metric is undefined, if it is.
    """

    name: str
    better: Better
    champion: float
    candidate: float
    difference: float
    low: float | None
    high: float | None
    verdict: Verdict
    reason: str = ""

    @property
    def interval(self) -> str:
        """Return the interval as text; empty without one."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:+.4g} to {self.high:+.4g}"

    @property
    def summary(self) -> str:
        """Return all figures as one phrase."""
        if self.verdict == "undefined":
            return f"{self.name} is undefined{f': {self.reason}' if self.reason else ''}"
        interval = f", 95 % interval {self.interval}" if self.interval else ""
        return (
            f"{self.name} is {self.candidate:.4g}, the served model's {self.champion:.4g} "
            f"({self.difference:+.4g}{interval})"
        )


@dataclass(frozen=True)
class SliceDifference:
    """The mean metric of both models on some of the rows.

    Args:
        name: the field and its values.
        rows: how many.
        champion: the served model's mean.
        candidate: the candidate's mean.
        difference: the candidate's mean minus the served model's.
        low: the lower end of its 95 % interval.
        high: the upper end.
        p_value: of no difference, corrected for the number of slices (Holm).
        verdict: "worse" forbids the promotion.
    """

    name: str
    rows: int
    champion: float
    candidate: float
    difference: float
    low: float
    high: float
    p_value: float
    verdict: Verdict


@dataclass(frozen=True)
class LatencyRatio:
    """How long both graphs take for a call, in milliseconds; the ratio has a 95 % interval."""

    rows: int
    champion_ms: float
    candidate_ms: float
    ratio: float
    low: float
    high: float
    too_slow: bool


@dataclass(frozen=True)
class ArtifactChecks:
    """The candidate's size, and how well its graph repeats what training stored.

    Args:
        size_bytes: of the candidate's files.
        champion_bytes: of the served model's files.
        limit_bytes: `[limits] size_bytes`.
        golden_cases: how many stored cases were run again.
        golden_difference: the largest difference from their outputs.
        golden_limit: what is allowed.
        parity: the largest difference between the model and its graph, as training measured it.
        parity_limit: `[parity] tolerance`.
    """

    size_bytes: int
    champion_bytes: int
    limit_bytes: int
    golden_cases: int
    golden_difference: float
    golden_limit: float
    parity: float | None
    parity_limit: float

    @property
    def reasons(self) -> list[str]:
        """Return which of the limits the candidate exceeds."""
        reasons = []
        if self.size_bytes > self.limit_bytes:
            reasons.append(
                f"its files have {self.size_bytes} bytes, [limits] size_bytes allows "
                f"{self.limit_bytes}"
            )
        if isnan(self.golden_difference) or self.golden_difference > self.golden_limit:
            reasons.append(
                f"its graph answers the golden cases otherwise than in training, by "
                f"{self.golden_difference:.3g}; {self.golden_limit:.3g} is allowed"
            )
        if self.parity is not None and not self.parity <= self.parity_limit:
            reasons.append(
                f"its graph differs from its model by {self.parity:.3g}, [parity] tolerance allows "
                f"{self.parity_limit:g}"
            )
        return reasons


@dataclass(frozen=True)
class Comparison:
    """Both models on the same rows.

    Args:
        source: where the rows are from.
        rows_sha256: of the file, or of the rows of a split.
        rows: how many.
        notes: what may make the comparison unfair, a sentence each.
        criteria: what the candidate had to meet.
        primary: the metric that "better" is about.
        metrics: those that are compared.
        slice_metric: the metric of the slices.
        slices: the worst for the candidate first.
        latency: of one row, and of a batch.
        checks: of the candidate's files.
    """

    source: str
    rows_sha256: str
    rows: int
    notes: tuple[str, ...]
    criteria: Criteria
    primary: str
    metrics: tuple[MetricDifference, ...]
    slice_metric: str
    slices: tuple[SliceDifference, ...]
    latency: tuple[LatencyRatio, ...]
    checks: ArtifactChecks

    @property
    def reasons(self) -> list[str]:
        """Return why the candidate may not be promoted; nothing if it may."""
        worse = [each.summary for each in self.metrics if each.verdict == "worse"]
        if all(each.verdict == "undefined" for each in self.metrics):
            worse.append("no metric can be compared on these rows")
        return [
            *worse,
            *self._not_better(),
            *self._worse_slices(),
            *(
                f"a call of {each.rows} row{'' if each.rows == 1 else 's'} takes "
                f"{each.ratio:.2f} times as long ({each.candidate_ms:.3g} ms instead of "
                f"{each.champion_ms:.3g} ms); --max-latency-ratio allows "
                f"{self.criteria.latency_ratio:g}"
                for each in self.latency
                if each.too_slow
            ),
            *self.checks.reasons,
        ]

    def figures_outside(self, text: str) -> list[str]:
        """Return the figures of every metric that a text does not have, a phrase each."""
        return [each.summary for each in self.metrics if each.summary not in text]

    def _not_better(self) -> list[str]:
        if self.criteria.requirement != "better":
            return []
        primary = next((each for each in self.metrics if each.name == self.primary), None)
        if primary is not None and primary.verdict == "better":
            return []
        what = primary.summary if primary else f"{self.primary} is not compared"
        return [f"it is not better beyond chance, as --require better asks: {what}"]

    def _worse_slices(self) -> list[str]:
        worse = [each for each in self.slices if each.verdict == "worse"]
        shown = "; ".join(
            f"{each.name} ({each.rows} rows): {each.candidate:.4g} instead of {each.champion:.4g}, "
            f"95 % interval {each.low:+.4g} to {each.high:+.4g}"
            for each in worse[:NAMED]
        )
        more = f" and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
        return [f"{self.slice_metric} is worse where {shown}{more}"] if worse else []

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON: what is no finite number is None."""
        content: dict[str, Any] = finite(asdict(self))
        return content | {"reasons": self.reasons}


def finite(value: Any) -> Any:
    """Return JSON with None for every number that is not finite."""
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value

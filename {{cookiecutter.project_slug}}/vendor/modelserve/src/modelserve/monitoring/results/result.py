"""The result of one comparison: everything that the report and the exit code depend on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .captures import CaptureSummary, ObservedWindow
from .drift import FieldDrift, Verdict
from .fairness import Fairness
from .performance import Confidence, Performance
from .timeline import TimeSeries


@dataclass(frozen=True)
class Violation:
    """A threshold that production exceeds, in the terms of SageMaker's Model Monitor.

    Args:
        name: of the field or the metric.
        check: its "constraint_check_type".
        description: the value and its threshold, in words.
        runbook: the name of the document that says what to do.
    """

    name: str
    check: str
    description: str
    runbook: str


@dataclass(frozen=True)
class MonitoringResult:
    """One comparison of production with training.

    Args:
        created: when it was made, in UTC.
        model: its name.
        version: of the model.
        task: "classifier" or "regressor".
        window: the time that was compared.
        captures: what was read.
        fields: one for each monitored field, inputs first, each kind in the reference's order.
        confidence: a classifier's; None for a regressor, and if no confidence was captured.
        performance: None without a folder of ground truth.
        fairness: None without a folder of ground truth, or without configured groups.
        violations: empty if production is as training was.
        timeline: the metric with a threshold and the fields' PSI over time, where there is enough.
    """

    created: datetime
    model: str
    version: str
    task: Literal["classifier", "regressor"]
    window: ObservedWindow
    captures: CaptureSummary
    fields: tuple[FieldDrift, ...]
    confidence: Confidence | None
    performance: Performance | None
    fairness: Fairness | None
    violations: tuple[Violation, ...]
    timeline: tuple[TimeSeries, ...] = ()

    @property
    def compared(self) -> bool:
        """Return whether any field has enough rows."""
        return any(each.verdict in (Verdict.OK, Verdict.VIOLATION) for each in self.fields)

"""How figures developed within the window."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class TimePoint:
    """A figure of one step of time: its beginning, the rows in it, and the value."""

    start: datetime
    rows: int
    value: float


@dataclass(frozen=True)
class TimeSeries:
    """A figure over time.

    Args:
        name: of the metric, or of the field whose PSI it is.
        kind: "metric", or the field's.
        bound: its threshold.
        step: the length of each step.
        points: two or more, without steps that have too few rows.
    """

    name: str
    kind: str
    bound: float
    step: timedelta
    points: tuple[TimePoint, ...]

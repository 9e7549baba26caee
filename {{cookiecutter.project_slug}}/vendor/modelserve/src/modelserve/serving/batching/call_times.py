"""Estimates how long a call of the model takes, by the number of its rows."""

SMOOTHING = 0.2  # weight of the latest call
HELD_UP = 3  # times what was expected, as which a longer call counts: others may need the processor
# What a call says of the time of a row, it says by rows that are more or fewer than usual: half of
# it, if they are so many, squared.
HALF_TRUSTED = 300


class CallTimes:
    """A line through the times of recent calls: so much a call, and so much a row.

    Args:
        call_s: of one row, as measured at the start; 0 if unknown.
        row_s: what each further row adds to it.
    """

    def __init__(self, call_s: float = 0.0, row_s: float = 0.0) -> None:
        """Start from what was measured."""
        self.mean_s, self._mean_rows, self._row_s = call_s, 1.0, row_s

    def add(self, rows: int, seconds: float) -> None:
        """Take a finished call into the estimate."""
        if not self.mean_s:
            self.mean_s, self._mean_rows = seconds, float(rows)
            return
        expected = self.seconds(rows)
        seconds = min(seconds, HELD_UP * expected)
        more = rows - self._mean_rows
        self._row_s += SMOOTHING * (seconds - expected) * more / (more * more + HALF_TRUSTED)
        self._mean_rows += SMOOTHING * more
        self.mean_s += SMOOTHING * (seconds - self.mean_s)
        self._row_s = min(max(self._row_s, 0.0), self.mean_s / self._mean_rows)

    def seconds(self, rows: float, calls: int = 1) -> float:
        """Return the time of some calls, one after the other, with so many rows in all."""
        return calls * (self.mean_s - self._row_s * self._mean_rows) + rows * self._row_s

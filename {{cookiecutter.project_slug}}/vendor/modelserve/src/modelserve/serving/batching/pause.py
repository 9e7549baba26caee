"""How long a free model waits for the clients that it has just answered to ask again."""

FIRST = 0.1  # of the time of a call
LONGEST = 0.25
SHORTEST = 0.02
SMOOTHING = 0.2  # weight of the latest call in the mean


class AdaptivePause:
    """Learns how long a pause before a call pays: it grows while requests arrive in it.

    Args:
        share: of the time of a call, at first.
    """

    def __init__(self, share: float = FIRST) -> None:
        """Start without a call."""
        self.call_s = 0.0  # mean time of the latest calls
        self._share = share

    @property
    def seconds(self) -> float:
        """Return the time to wait."""
        return self._share * self.call_s

    def add_call(self, seconds: float) -> None:
        """Take the time of a finished call into the mean."""
        weight = SMOOTHING if self.call_s else 1.0
        self.call_s += weight * (seconds - self.call_s)

    def learn(self, *, filled: bool) -> None:
        """Wait longer after a pause in which the expected requests arrived, else shorter."""
        self._share = min(LONGEST, self._share * 1.5) if filled else max(SHORTEST, self._share / 2)

"""How long a free model waits for the clients that it has just answered to ask again."""

FIRST = 0.1  # of the time of a call
LONGEST = 0.25
SHORTEST = 0.02


class AdaptivePause:
    """Learns how long a pause before a call pays: it grows while requests arrive in it.

    Args:
        share: of the time of a call, at first.
    """

    def __init__(self, share: float = FIRST) -> None:
        """Start with a share."""
        self.share = share

    def learn(self, *, filled: bool) -> None:
        """Wait longer after a pause in which the expected requests arrived, else shorter."""
        self.share = min(LONGEST, self.share * 1.5) if filled else max(SHORTEST, self.share / 2)

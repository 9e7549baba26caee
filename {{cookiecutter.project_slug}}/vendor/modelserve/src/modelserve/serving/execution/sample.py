"""Example rows to measure a model with."""

from ...types import Tensors
from ..codec import JsonCodec

SLOW_MS = 250.0  # of a model that slow, a batch of two is measured


class Sample:
    """Example rows to measure a model with.

    Args:
        codec: has the manifest's example row.
        rows: of the largest batch.
    """

    def __init__(self, codec: JsonCodec, rows: int) -> None:
        """Gather one row."""
        self._inputs, self._rows = codec.inputs, rows
        self.one = self.gather(1)

    def gather(self, rows: int) -> Tensors:
        """Return the tensors of the example, repeated."""
        return self._inputs.gather([self._inputs.example()] * rows).tensors

    def rows(self, latency_ms: float) -> int:
        """Return the rows of the largest batch of a model that takes so long for one row."""
        return self._rows if latency_ms < SLOW_MS else min(2, self._rows)

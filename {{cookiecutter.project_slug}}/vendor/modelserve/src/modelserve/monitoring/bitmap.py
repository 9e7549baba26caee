"""A set of indices with one bit for each, which many processes can add up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Bitmap:
    """A set of indices.

    Args:
        octets: eight indices each, of shape (ceil(size / 8),).
    """

    octets: NDArray[np.uint8]

    @classmethod
    def of_size(cls, size: int) -> "Bitmap":
        """Return an empty set of indices below `size`."""
        return cls(np.zeros(-(-size // 8), dtype=np.uint8))

    def add(self, indices: NDArray[np.int64]) -> None:
        """Add indices of shape (n,)."""
        np.bitwise_or.at(self.octets, indices >> 3, (1 << (indices & 7)).astype(np.uint8))

    def merge(self, other: "Bitmap") -> None:
        """Add the indices of another set of the same size."""
        self.octets |= other.octets

    def count(self) -> int:
        """Return the number of indices."""
        return int.from_bytes(self.octets.tobytes()).bit_count()

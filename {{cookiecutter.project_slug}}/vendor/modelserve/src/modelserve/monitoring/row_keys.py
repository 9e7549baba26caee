"""64-bit keys: of each row of each response, to match ground truth, and of each record."""

# In a million rows, two have the same key once in 30 million runs.

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

ID_DIGITS = 32  # of the service's own inference ids, in hexadecimal
UUID_LENGTH = 36  # of SageMaker's ids: the same with four hyphens
ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads the keys evenly
TIME_ODD = np.uint64(0xC2B2AE3D27D4EB4F)  # another one: a prime of xxHash

Keys = NDArray[np.uint64]


def keys_of(ids: Sequence[str], counts: Sequence[int] | NDArray[np.int64]) -> Keys:
    """Return the keys of all rows of some responses, of shape (sum of counts,).

    Args:
        ids: the inference ids.
        counts: the rows of each.
    """
    lengths = np.asarray(counts, dtype=np.int64)
    starts = np.repeat(lengths.cumsum() - lengths, lengths)
    rows = (np.arange(lengths.sum()) - starts).astype(np.uint64)
    return np.repeat(_fold(ids), lengths) + rows * ODD


def keys_at(ids: Sequence[str], rows: Sequence[int]) -> Keys:
    """Return the key of one row of each of some responses, of shape (ids,)."""
    return _fold(ids) + np.array(rows, dtype=np.uint64) * ODD


def event_keys(ids: Sequence[str], times_us: NDArray[np.int64]) -> Keys:
    """Return the key of each event, of shape (ids,): of its id and its time."""
    return _fold(ids) + times_us.astype(np.uint64) * TIME_ODD


def _fold(ids: Sequence[str]) -> Keys:
    """Return the hash of each id, of shape (ids,)."""
    lengths = set(map(len, ids))
    try:
        if lengths in ({ID_DIGITS}, {UUID_LENGTH}):
            digits = "".join(ids)
            if lengths == {UUID_LENGTH}:
                digits = digits.replace("-", "")
            words = np.frombuffer(bytes.fromhex(digits), dtype=">u8").astype(np.uint64)
            if len(words) == 2 * len(ids):
                return words[::2] * ODD + words[1::2]
    except ValueError:
        pass  # ids that a client chose
    return np.array([_fold_one(each) for each in ids], dtype=np.uint64)


def _fold_one(name: str) -> int:
    plain = name.replace("-", "") if len(name) == UUID_LENGTH else name
    try:
        digits = bytes.fromhex(plain) if len(plain) == ID_DIGITS else b""
    except ValueError:
        digits = b""
    if len(digits) == ID_DIGITS // 2:
        return int(_fold([plain])[0])
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())

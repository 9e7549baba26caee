"""The target column: ground truths as training data have them."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..answers import find_label, label_of
from ..errors import CollectionError
from ..manifest import Dtype, Manifest

MOST_LABELS = 100_000  # that the model does not know
LONGEST = 1_000  # characters of a label
SHOWN = 60
HASH_BYTES = 6  # a float64 holds every integer of so many bytes, and of one bit more
FIRST_NEW = 1 << 8 * HASH_BYTES  # the codes of labels that the model does not know
MAX_INT64 = 2**63 - 1


class TargetColumn(Protocol):
    """Parses ground truths, and returns them as values of the column."""

    @property
    def dtype(self) -> Dtype:
        """Return the type of the column, known once all ground truths are parsed."""

    def truth(self, text: str) -> float:
        """Return a code for a ground truth.

        Raises:
            ValueError: it is none.
        """

    def merge(self, other: Any) -> None:
        """Add what a copy of it, in another process, knows of the truths that it parsed."""

    def values(self, codes: NDArray[np.float64]) -> list[Any]:
        """Return the values of codes of shape (rows,)."""

    def new_labels(self, codes: NDArray[np.float64]) -> Iterable[str]:
        """Return the labels that the model does not know, each as often as its code."""


class ValueTarget:
    """A regressor's true values."""

    dtype: Dtype = "number"

    def truth(self, text: str) -> float:
        """Return the true value.

        Raises:
            ValueError: the text is not a finite number.
        """
        value = float(text)
        if not np.isfinite(value):
            raise ValueError("has a truth that is not finite")
        return value

    def merge(self, other: Any) -> None:
        """Do nothing: a value is its own code."""

    def values(self, codes: NDArray[np.float64]) -> list[Any]:
        """Return the codes."""
        return list(codes.tolist())

    def new_labels(self, codes: NDArray[np.float64]) -> Iterable[str]:
        """Return nothing: there are no labels."""
        del codes
        return ()


class LabelTarget:
    """A classifier's labels, those that the model does not know among them.

    Args:
        labels: the model's; their codes are their indices.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        """Index the labels."""
        self._codes = {label: i for i, label in enumerate(labels)}
        self._texts = dict(enumerate(labels))

    def truth(self, text: str) -> float:
        """Return a label's code.

        Raises:
            ValueError: the label is empty, or too long.
            CollectionError: there are too many labels that the model does not know.
        """
        label = find_label(text, self._codes)
        code = self._codes.get(label)
        return self._add(label) if code is None else code

    def merge(self, other: Any) -> None:
        """Add the labels of a copy of it."""
        for text in other.texts:
            self.truth(text)

    @property
    def texts(self) -> Sequence[str]:
        """Return all labels."""
        return list(self._codes)

    @cached_property
    def dtype(self) -> Dtype:
        """Return what all labels are, as a file's column would be read: label 1 is a number."""
        for dtype, parse in PARSERS.items():
            if all(_is_written_as(text, parse) for text in self._codes):
                return dtype
        return "category"

    def values(self, codes: NDArray[np.float64]) -> list[Any]:
        """Return the labels of codes of shape (rows,), in the type of the column."""
        parse = PARSERS.get(self.dtype, str)
        values = {code: parse(self._texts[code]) for code in np.unique(codes).tolist()}
        return [values[code] for code in codes.tolist()]

    def new_labels(self, codes: NDArray[np.float64]) -> Iterable[str]:
        """Return the labels that the model does not know, each as often as its code."""
        return [self._texts[int(code)] for code in codes[codes >= FIRST_NEW].tolist()]

    def _add(self, text: str) -> int:
        """Return the code of a label that the model does not know: the same in every process."""
        if not text:
            raise ValueError("has a truth without a label")
        if len(text) > LONGEST:
            raise ValueError(f"has a label of more than {LONGEST} characters")
        if len(self._codes) > MOST_LABELS:
            raise CollectionError(
                f"There are more than {MOST_LABELS:,} different labels that the model does not "
                f"know, such as {text[:SHOWN]!r}; name a folder with ground truth of this model."
            )
        digest = blake2b(text.encode(), digest_size=HASH_BYTES).digest()
        code = FIRST_NEW + int.from_bytes(digest)
        self._codes[text], self._texts[code] = code, text
        return code


def _boolean(text: str) -> bool:
    return {"True": True, "False": False}[text]


def _integer(text: str) -> int:
    value = int(text)
    if abs(value) > MAX_INT64:
        raise OverflowError
    return value


def _number(text: str) -> float:
    value = float(text)
    if not np.isfinite(value):
        raise ValueError
    return value


PARSERS: dict[Dtype, Callable[[str], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
}


def _is_written_as(text: str, parse: Callable[[str], Any]) -> bool:
    """Return whether training names a value of this type by this text."""
    try:
        return label_of(parse(text)) == text
    except (LookupError, OverflowError, ValueError):
        return False


def make_target(manifest: Manifest) -> TargetColumn:
    """Return the target of the manifest's task."""
    return LabelTarget(manifest.labels) if manifest.labels else ValueTarget()

"""Texts as they were asked about: what is watched of them, which is none of their words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact
from ..tokens import TOKENIZER, Encoder, observe
from .forms import REDACTED

CHUNK = 64  # texts that are encoded at once: each is filled up to the longest
CHARACTERS = "characters"

Rows = Sequence[Mapping[str, Any]]


class Inputs:
    """Reads texts out of rows.

    Args:
        found: the model's artifact, with its tokenizer.

    Raises:
        ArtifactError: there is no tokenizer that can be read.
    """

    def __init__(self, found: Artifact) -> None:
        """Read the tokenizer."""
        (feature,) = found.manifest.features
        self._name = feature.name
        self._encoder = Encoder(found.folder / TOKENIZER)
        self.fields = tuple(self._observe(["one"]))
        self.ranges = {CHARACTERS: (np.float32(feature.minimum), np.float32(feature.maximum))}

    def observe(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return what is watched of rows, of shape (rows,) without those that cannot be read."""
        given = [row.get(self._name) for row in rows]
        texts = [text for text in given if isinstance(text, str) and text not in ("", REDACTED)]
        chunks = [texts[i : i + CHUNK] for i in range(0, len(texts), CHUNK)]
        observed = [self._observe(chunk) for chunk in chunks]
        nothing = [np.empty(0, dtype=np.float32)]
        return {
            name: np.concatenate([each[name] for each in observed] or nothing)
            for name in self.fields
        }

    def _observe(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        encoded = self._encoder.encode(texts)
        tokens = [ids[mask == 1] for ids, mask in zip(encoded.ids, encoded.mask, strict=True)]
        return observe([len(text) for text in texts], tokens, self._encoder.unknown_id)

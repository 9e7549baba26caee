"""The monitored properties of captured texts, such as their length; never their words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact
from ..tokens import TOKENIZER, Encoder, observe
from .ingest.bodies import REDACTED

CHUNK = 64  # texts that are encoded at once: each is padded to the longest
CHARACTERS = "characters"

Rows = Sequence[Mapping[str, Any]]


class CapturedTexts:
    """Reads the texts of rows.

    Args:
        artifact: with a tokenizer.

    Raises:
        ArtifactError: the tokenizer is missing, or cannot be read.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Read the tokenizer."""
        (feature,) = artifact.manifest.features
        self._name = feature.name
        self._encoder = Encoder(artifact.folder / TOKENIZER)
        self.fields = tuple(self._observe(["one"]))
        self.ranges = {CHARACTERS: (np.float32(feature.minimum), np.float32(feature.maximum))}

    def observe(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return the values by field, of shape (rows,) without rows that cannot be read."""
        cells = [row.get(self._name) for row in rows]
        texts = [text for text in cells if isinstance(text, str) and text not in ("", REDACTED)]
        chunks = [texts[i : i + CHUNK] for i in range(0, len(texts), CHUNK)]
        observed = [self._observe(chunk) for chunk in chunks]
        no_texts = [np.empty(0, dtype=np.float32)]
        return {
            name: np.concatenate([each[name] for each in observed] or no_texts)
            for name in self.fields
        }

    def _observe(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        encoded = self._encoder.encode(texts)
        tokens = [ids[mask == 1] for ids, mask in zip(encoded.ids, encoded.mask, strict=True)]
        return observe([len(text) for text in texts], tokens, self._encoder.unknown_id)

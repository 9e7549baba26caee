"""The golden cases, and how far an exported graph may differ from them."""

from typing import Any

from ..answers import rounding
from ..artifact import GOLDEN, Artifact

DIGITS = 1e-6  # of the outputs in the file


def read_cases(held: Artifact) -> list[dict[str, Any]]:
    """Return the golden cases of an artifact; none if it has no file of them.

    Raises:
        ArtifactError: the file cannot be read.
    """
    cases: list[dict[str, Any]] = held.read_json(GOLDEN) if GOLDEN in held.manifest.files else []
    return cases


def golden_tolerance(cases: list[dict[str, Any]]) -> float:
    """Return by how much outputs may differ from those of the cases: by rounding alone."""
    return DIGITS + (rounding([case["output"] for case in cases]) if cases else 0.0)

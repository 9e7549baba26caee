"""What the lines of the record say: decisions, how they ended, and on which evidence."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..artifact import Artifact
from .chain import RecordLine
from .comparison import Comparison, finite
from .switch import manifest_hash

# A candidate is refused; or approved, and then promoted, restored, or the switch failed.
REFUSED, APPROVED = "refused", "approved"
PROMOTED, RESTORED, FAILED = "promoted", "restored", "failed"
SERVED = (PROMOTED, RESTORED)
ENDS = (*SERVED, FAILED)

# Short field names of what is hashed and compared.
DECISION, TARGET, CANDIDATE, CHAMPION = "decision", "target", "candidate", "champion"
MANIFEST_SHA256, INTENT = "manifest_sha256", "intent"


def pending(lines: Sequence[RecordLine]) -> RecordLine | None:
    """Return the approval whose end is not recorded: only the last line can be one."""
    return lines[-1] if lines and lines[-1].content.get(DECISION) == APPROVED else None


def last_served(lines: Iterable[RecordLine], target: str) -> RecordLine | None:
    """Return the last promotion to a folder; None without one."""
    served = [
        line
        for line in lines
        if line.content.get(TARGET) == target and line.content.get(DECISION) in SERVED
    ]
    return served[-1] if served else None


def was_served(lines: Iterable[RecordLine], target: str, sha256: str | None) -> bool:
    """Return whether a model was promoted to a folder before."""
    return any(
        line.content.get(TARGET) == target
        and line.content.get(DECISION) in SERVED
        and hash_in(line.content, CANDIDATE) == sha256
        for line in lines
    )


def hash_in(content: Mapping[str, Any], role: str) -> str | None:
    """Return the SHA-256 of the candidate's or the served model's manifest in a decision."""
    model = content.get(role)
    stated = model.get(MANIFEST_SHA256) if isinstance(model, dict) else None
    return stated if isinstance(stated, str) else None


def relative(target: Path, record: Path) -> str:
    """Return a folder as the record names it: seen from the record's own folder."""
    return Path(os.path.relpath(target.resolve(), record.resolve().parent)).as_posix()


def describe_model(model: Artifact | None) -> dict[str, Any] | None:
    """Return the version of a model and the SHA-256 of its manifest."""
    if model is None:
        return None
    return {"version": model.manifest.version, MANIFEST_SHA256: manifest_hash(model.folder)}


def describe_evidence(comparison: Comparison | None) -> dict[str, Any] | None:
    """Return the key figures of a comparison."""
    if comparison is None:
        return None
    worst = comparison.slices[0] if comparison.slices else None
    figures: dict[str, Any] = finite(
        {
            "rows": {
                "source": comparison.source,
                "sha256": comparison.rows_sha256,
                "count": comparison.rows,
            },
            "require": comparison.criteria.requirement,
            "tolerance": comparison.criteria.tolerance,
            "primary": comparison.primary,
            "metrics": {
                each.name: {
                    CHAMPION: each.champion,
                    CANDIDATE: each.candidate,
                    "difference": each.difference,
                    "interval": [each.low, each.high],
                }
                for each in comparison.metrics
            },
            "slices": len(comparison.slices),
            "worst_slice": worst and [worst.name, worst.rows, worst.difference],
            "latency_ratios": [each.ratio for each in comparison.latency],
            "notes": comparison.notes,
        }
    )
    return figures

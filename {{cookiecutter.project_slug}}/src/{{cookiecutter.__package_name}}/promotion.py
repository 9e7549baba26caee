"""Puts a newly trained model in the place of the one that is served, if it deserves it."""

import shutil
from pathlib import Path

from . import artifact
from .artifact import Artifact, Manifest
from .errors import ArtifactError, GateError

# Metrics of which less is better; of all others, more is.
COSTS = frozenset({"log_loss", "mae", "rmse"})
# Promised beforehand, or saying nothing of how good the answers are: more of it is no better.
PROMISES = frozenset({"interval_coverage", "mean_confidence"})


def promote(candidate: Path, target: Path, *, slack: float) -> tuple[Artifact, Path | None]:
    """Copy an artifact to where it is served from; what stood there is kept beside it.

    Args:
        candidate: the new artifact's folder.
        target: the served artifact's folder.
        slack: how much worse each metric may be than the served model's, as an absolute number.

    Returns:
        the promoted artifact, and where the former one lies now.

    Raises:
        ArtifactError: the candidate is not what its manifest says, or cannot be copied, or the
            target holds something that is no artifact.
        GateError: it takes other inputs, or is worse than the model that is served.
    """
    fresh = artifact.load(candidate)
    artifact.check_place(target)
    former = None
    if (target / artifact.MANIFEST).exists():
        served = artifact.load(target).manifest
        if worse := compare(fresh.manifest, served, slack=slack):
            raise GateError(f"Not promoted: {'; '.join(worse)}.")
        former = target.with_name(f"{target.name}.previous")
    scratch = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(candidate, scratch)
        artifact.load(scratch)
        artifact.replace(scratch, target, aside=target.with_name(f"{target.name}.previous"))
    except OSError as error:
        raise ArtifactError(f"The artifact cannot be copied to {target}: {error}") from error
    return artifact.load(target), former


def compare(fresh: Manifest, served: Manifest, *, slack: float) -> list[str]:
    """Return why `fresh` may not take the place of `served`; nothing when it may."""
    reasons = []
    if [each.name for each in fresh.features] != [each.name for each in served.features]:
        reasons.append("it takes other fields than the served model")
    if fresh.labels != served.labels:
        reasons.append("it gives other labels than the served model")
    for name in sorted((fresh.metrics.keys() & served.metrics.keys()) - PROMISES):
        new, old = fresh.metrics[name], served.metrics[name]
        loss = new - old if name in COSTS else old - new
        if not loss <= slack:  # written so that a figure that is no number is refused
            reasons.append(f"{name} is {new:.4g}, the served model's {old:.4g}")
    return reasons

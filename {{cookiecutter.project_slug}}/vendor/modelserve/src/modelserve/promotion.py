"""Replace the served model with a candidate, unless the candidate is worse."""

import shutil
from pathlib import Path

from . import artifact
from .artifact import Artifact
from .errors import ArtifactError, GateError
from .manifest import Manifest
from .metric_table import info_of


def promote(candidate: Path, target: Path, *, tolerance: float) -> tuple[Artifact, Path | None]:
    """Copy an artifact to where it is served from; the previous one is kept beside it.

    Args:
        candidate: the new artifact's folder.
        target: the served artifact's folder.
        tolerance: by how much each metric may be worse than the served model's, in its own unit.

    Returns:
        the promoted artifact, and the folder of the previous one, if there was one.

    Raises:
        ArtifactError: the candidate does not match its manifest or cannot be copied, or the
            target is not empty and is no artifact.
        GateError: the candidate has other inputs or labels, or is worse than the served model.
    """
    fresh = artifact.load(candidate)
    artifact.check_place(target)
    previous = None
    if (target / artifact.MANIFEST).exists():
        served = artifact.load(target).manifest
        if reasons := reasons_against(fresh.manifest, served, tolerance=tolerance):
            raise GateError(f"Not promoted: {'; '.join(reasons)}.")
        previous = target.with_name(f"{target.name}.previous")
    scratch = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(candidate, scratch)
        artifact.load(scratch)
        artifact.replace(scratch, target, aside=target.with_name(f"{target.name}.previous"))
    except OSError as error:
        raise ArtifactError(f"The artifact cannot be copied to {target}: {error}") from error
    return artifact.load(target), previous


def reasons_against(fresh: Manifest, served: Manifest, *, tolerance: float) -> list[str]:
    """Return why `fresh` may not replace `served`; nothing if it may."""
    reasons = []
    if [feature.name for feature in fresh.features] != [each.name for each in served.features]:
        reasons.append("its features differ from the served model's")
    if fresh.labels != served.labels:
        reasons.append("its labels differ from the served model's")
    for name in sorted(fresh.metrics.keys() & served.metrics.keys()):
        info, new, old = info_of(name), fresh.metrics[name], served.metrics[name]
        if info and not info.compared:
            continue
        lower = info.better == "lower" if info else name in fresh.lower_is_better
        loss = new - old if lower else old - new
        if not loss <= tolerance:  # in this form, NaN is a reason too
            reasons.append(f"{name} is {new:.4g}, the served model's {old:.4g}")
    return reasons

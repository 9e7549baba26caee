"""Compares an artifact with the served one: clients rely on its name, its features and labels."""

from ...errors import ArtifactError
from ...manifest import Manifest

LONGEST = 200  # characters of a name in a message


def check_compatible(fresh: Manifest, served: Manifest, *, any_schema: bool) -> None:
    """Check that an artifact can replace the served one while clients send requests.

    Args:
        fresh: the manifest to load.
        served: the current one.
        any_schema: whether other features and labels are allowed.

    Raises:
        ArtifactError: it has another name, or another schema that is not allowed.
    """
    if fresh.name != served.name:
        raise ArtifactError(
            f"{fresh.name[:LONGEST]!r} is another model than {served.name!r}, which is served: "
            "start a service of its own for it."
        )
    differences = [] if any_schema else list_differences(fresh, served)
    if differences:
        raise ArtifactError(
            f"Clients of {served.version} would break: {'; '.join(differences)}. Restart the "
            "service to load it all the same, or set RELOAD_SCHEMA=any."
        )


def list_differences(fresh: Manifest, served: Manifest) -> list[str]:
    """Return what a client of the served model would notice in its schema, a phrase each."""
    new, old = _fields(fresh), _fields(served)
    required = [
        after.name
        for before, after in zip(served.features, fresh.features, strict=False)
        if before.nullable and not after.nullable
    ]
    faults = {
        f"it is a {fresh.task}": fresh.task != served.task,
        f"its features differ ({_first_difference(new, old)})": new != old,
        f"{required[:1]} may not be missing any more": new == old and bool(required),
        "its labels differ": fresh.labels != served.labels,
    }
    return [fault for fault, wrong in faults.items() if wrong]


def _fields(manifest: Manifest) -> list[tuple[str, str]]:
    return [(each.name, each.dtype) for each in manifest.features]


def _first_difference(new: list[tuple[str, str]], old: list[tuple[str, str]]) -> str:
    if len(new) != len(old):
        return f"{len(new)} instead of {len(old)}"
    pairs = (
        f"{after[0][:LONGEST]!r}: {after[1]} instead of {before[0][:LONGEST]!r}: {before[1]}"
        for after, before in zip(new, old, strict=True)
        if after != before
    )
    return next(pairs, "")

"""Refuses an artifact that cannot replace the served one while clients send requests."""

from ...errors import ArtifactError
from ...manifest import Manifest
from ...schema_differences import LONGEST, newly_required, schema_differences


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
    if any_schema:
        return
    if differences := schema_differences(fresh, served) or newly_required(fresh, served):
        raise ArtifactError(
            f"Clients of {served.version} would break: {'; '.join(differences)}. Restart the "
            "service to load it all the same, or set RELOAD_SCHEMA=any."
        )

"""Mark the promoted artifact in MLflow's registry as champion."""

# mlflow takes seconds to import: see mlflow_client.
# pylint: disable=import-outside-toplevel

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import artifact, environment
from ..artifact import Artifact
from .mlflow_client import TRACKING_URI, connect, describe, server_address
from .mlflow_runs import CHALLENGER, MANIFEST_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"


def notify_promotion(promoted: Artifact, *, warn: Callable[[str], None]) -> str | None:
    """Set the alias `champion` on the version of an artifact; return the version.

    Without MLFLOW_TRACKING_URI, nothing happens. The version is found by its manifest's SHA-256,
    and is no `challenger` any more.

    Args:
        promoted: the artifact that is served from now on.
        warn: is given why the alias was not set; the promotion itself stands.
    """
    if not environment.read(TRACKING_URI):
        return None
    name, version = promoted.manifest.name, promoted.manifest.version
    try:
        client = connect()
        sha256 = artifact.sha256(promoted.folder / artifact.MANIFEST)
        wanted = f"name = '{name}' and tags.{MANIFEST_TAG} = '{sha256}'"
        found = client.search_model_versions(wanted)
        if not found:
            current = _find_champion(client, name)
            still = f"still names version {current}" if current else "names none"
            warn(
                f"MLflow at {server_address()} has no version of {name} for {version}, so "
                f"`{CHAMPION}` {still}. Send its run by `runs ID --push`, and promote it again."
            )
            return None
        latest = max(found, key=lambda each: int(each.version))
        client.set_registered_model_alias(name, CHAMPION, latest.version)
        aliases = client.get_registered_model(name).aliases
        if str(aliases.get(CHALLENGER)) == str(latest.version):
            client.delete_registered_model_alias(name, CHALLENGER)
    except Exception as error:  # pylint: disable=broad-exception-caught  # any of a client's
        warn(
            f"{version} is promoted, but not {CHAMPION} in MLflow at {server_address()}: "
            f"{describe(error)} Set the alias there, or promote it again."
        )
        return None
    return str(latest.version)


def _find_champion(client: "MlflowClient", name: str) -> str | None:
    """Return the version that the alias names; None without the alias, or without the model."""
    try:
        aliases = client.get_registered_model(name).aliases
    except Exception as error:
        if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return str(aliases[CHAMPION]) if CHAMPION in aliases else None

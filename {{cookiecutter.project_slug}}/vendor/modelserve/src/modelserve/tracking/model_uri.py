"""Where MODEL_URI points: a registered model's version or alias, or a run's folder."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import artifact
from ..errors import ArtifactError, ServiceError
from ..setting_types import MODEL_URI
from .mlflow_client import (
    connect,
    describe,
    server_address,
    server_name,
    without_retry_warnings,
)
from .mlflow_runs import MANIFEST_TAG
from .model_cache import cache_folder, fetch, is_complete

if TYPE_CHECKING:
    from mlflow import MlflowClient

    Download = Callable[[Path], Path]


LISTED = 10  # cached versions in a message


class RegisteredVersion(NamedTuple):
    """A version that a URI names, and what the server says of it."""

    number: str
    source: str
    manifest_sha256: str = ""


def resolve(uri: str, *, known: Path | None = None) -> Path:
    """Return the folder of the artifact that a URI names; it is downloaded once.

    An alias is looked up at each call. Without the server, a version, or a run, that is in the
    cache is served; an alias is not, since it may have moved.

    Args:
        uri: models:/NAME@ALIAS, models:/NAME/VERSION, or runs:/RUN/PATH.
        known: a folder that was returned before; it is not verified again.

    Raises:
        ArtifactError: the server does not answer, has no such model, or its files do not match
            their manifest.
        ConfigurationError: the extra `mlflow` is missing, MLFLOW_TRACKING_URI is not set, or the
            cache cannot be written to.
    """
    match = MODEL_URI(uri)
    if match is None:
        raise ArtifactError(
            f"MODEL_URI={uri[:100]!r} names no model: write models:/NAME@ALIAS, "
            "models:/NAME/VERSION or runs:/RUN/PATH."
        )
    client = connect()
    if match["run"]:
        path = match["path"].strip("/")
        folder = cache_folder() / server_name() / "runs" / f"{match['run']}-{_digest(path)}"
        return _fetch(uri, folder, lambda scratch: _download(uri, scratch))
    parent = cache_folder() / server_name() / match["name"]
    try:
        with without_retry_warnings():
            found = _look_up(client, match["name"], alias=match["alias"], version=match["version"])
    except Exception as error:  # pylint: disable=broad-exception-caught  # any of a client's
        return _without_server(uri, parent, match["version"], error, running=known is not None)
    exact = f"models:/{match['name']}/{found.number}"
    folder = parent / f"{found.number}-{_digest(found.source)}"
    if folder == known and (folder / artifact.MANIFEST).is_file():
        return folder
    return _fetch(uri, folder, lambda scratch: _download(exact, scratch, found.manifest_sha256))


def _look_up(
    client: "MlflowClient", name: str, *, alias: str | None, version: str | None
) -> RegisteredVersion:
    """Ask the server which version is meant."""
    if alias:
        found = client.get_model_version_by_alias(name, alias)
    else:
        found = client.get_model_version(name, version or "")
    return RegisteredVersion(
        str(found.version), found.source or "", found.tags.get(MANIFEST_TAG, "")
    )


def _without_server(
    uri: str, parent: Path, version: str | None, error: Exception, *, running: bool
) -> Path:
    """Return a cached version where the server does not answer.

    Args:
        uri: that was looked up.
        parent: the folder of the model's cached versions.
        version: that the URI names; None for an alias.
        error: why it was not found.
        running: whether a service asks that serves a version already.

    Raises:
        ArtifactError: the server answered that there is none, or the version is not cached.
    """
    absent = getattr(error, "error_code", "") in (
        "RESOURCE_DOES_NOT_EXIST",
        "INVALID_PARAMETER_VALUE",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
    )
    numbers = sorted({each.name.partition("-")[0] for each in parent.glob("[0-9]*-*")})[:LISTED]
    if version and not absent:
        cached = sorted(parent.glob(f"{version}-*"), key=lambda each: each.stat().st_mtime)
        for folder in reversed(cached):
            if is_complete(folder):
                sys.stderr.write(
                    f"warning: MLflow at {server_address()} does not answer; {uri} is served from "
                    f"{folder}\n"
                )
                return folder
    cached_one = f", or name a cached version, of {', '.join(numbers)}" if numbers else ""
    if absent:
        way_out = "Name a version or an alias that exists."
    elif running:
        way_out = "The next lookup tries again."
    else:
        way_out = f"Start again when the server answers{cached_one}, or set MODEL_DIR instead."
    raise ArtifactError(
        f"{uri} cannot be found at {server_address()}: {describe(error)} {way_out}"
    ) from error


def _fetch(uri: str, folder: Path, download: "Download") -> Path:
    """Return the cached folder, and name the URI where it cannot be had."""
    try:
        return fetch(folder, download)
    except ServiceError as error:
        raise type(error)(f"{uri}: {error}") from error
    except Exception as error:
        raise ArtifactError(
            f"{uri} cannot be downloaded from {server_address()}: {describe(error)}"
        ) from error


def _download(uri: str, scratch: Path, manifest_sha256: str = "") -> Path:
    """Download an artifact below a folder; return where it lies.

    Raises:
        ArtifactError: its manifest is not the one that was registered.
    """
    from mlflow.artifacts import (  # pylint: disable=import-outside-toplevel
        download_artifacts,
    )

    folder = Path(download_artifacts(artifact_uri=uri, dst_path=str(scratch)))
    manifest = folder / artifact.MANIFEST
    if manifest_sha256 and manifest.is_file() and artifact.sha256(manifest) != manifest_sha256:
        raise ArtifactError(
            "its manifest differs from the one that was registered; train and register it again."
        )
    return folder


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]

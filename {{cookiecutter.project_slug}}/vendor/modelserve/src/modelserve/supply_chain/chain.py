"""What leads from the data to the model that is served, link by link."""

from pathlib import Path

from .. import artifact, signature
from ..artifact import Artifact
from ..errors import ServiceError
from ..provenance import describe_commit

SHOWN = 12  # characters of a hash


def list_links(served: Artifact, public_key: Path | None) -> list[tuple[str, str]]:
    """Return the links of an artifact's chain, each with its name.

    Args:
        served: the verified artifact.
        public_key: a PEM file with the keys that may have signed it, if they are known.
    """
    manifest = served.manifest
    origin = manifest.origin
    configured = origin and origin.config_sha256
    return [
        ("data", f"{manifest.data.source}, {short(manifest.data.sha256)}"),
        ("commit", describe_commit(manifest)),
        ("lock", short(manifest.lock_sha256) if manifest.lock_sha256 else "unknown"),
        *([("config", f"{origin.config}, {short(configured)}")] if origin and configured else []),
        *([("trained by", f"{origin.python} on {origin.platform}")] if origin else []),
        ("graph", short(manifest.files[artifact.MODEL])),
        ("manifest", short(artifact.sha256(served.folder / artifact.MANIFEST))),
        ("signature", describe_signature(served, public_key)),
        ("bill", "`info --bom` prints it, in CycloneDX"),
    ]


def describe_signature(served: Artifact, public_key: Path | None) -> str:
    """Return whether an artifact is signed, and by a known key."""
    if public_key is None:
        signed = (served.folder / signature.SIGNATURE).exists()
        return (
            "not verified: set MODEL_PUBLIC_KEY" if signed else "none: `sign --key FILE` makes one"
        )
    try:
        artifact.load(served.folder, public_key=public_key)
    except ServiceError as error:
        return f"invalid: {error}"
    return f"valid, by a key in {public_key}"


def short(digest: str) -> str:
    """Return the begin of a hash."""
    return f"SHA-256 {digest[:SHOWN]}…"

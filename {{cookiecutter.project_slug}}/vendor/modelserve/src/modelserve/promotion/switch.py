"""Copy an artifact beside the served one, switch both, and find out how a switch ended."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .. import artifact
from ..artifact import Artifact
from ..errors import ArtifactError
from ..signature import SIGNATURE


class Places(NamedTuple):
    """The folders of a promotion: the served model, the one before it, and the one to come."""

    target: Path
    previous: Path
    staged: Path


def places_of(target: Path) -> Places:
    """Return the folders that belong to a served model's; a link stays, its folder is replaced."""
    if target.is_symlink() or target.name in ("", ".."):
        target = target.resolve()
    return Places(
        target, target.with_name(f"{target.name}.previous"), target.with_name(f".{target.name}.new")
    )


def manifest_hash(folder: Path) -> str | None:
    """Return the SHA-256 of an artifact's manifest, which holds those of its files.

    It is None where there is no artifact.
    """
    try:
        return artifact.sha256(folder / artifact.MANIFEST)
    except OSError:
        return None


def stage(candidate: Artifact, places: Places, expected: str | None) -> None:
    """Copy an artifact beside the target, and verify the copy.

    Args:
        candidate: to copy.
        places: the folders.
        expected: the SHA-256 of its manifest, as it was compared.

    Raises:
        ArtifactError: it cannot be copied, or changed meanwhile.
    """
    try:
        shutil.rmtree(places.staged, ignore_errors=True)
        shutil.copytree(candidate.folder, places.staged)
    except OSError as error:
        raise _not_copied(places, error) from error
    artifact.load(places.staged)
    if manifest_hash(places.staged) != expected:
        raise ArtifactError(f"{candidate.folder} changed meanwhile; run `promote` again.")


def switch(places: Places) -> None:
    """Move the served model to where the previous one is kept, and the staged one to its place.

    Raises:
        ArtifactError: a folder cannot be moved; the served model is as it was.
    """
    try:
        artifact.replace(places.staged, places.target, aside=places.previous)
    except OSError as error:
        raise _not_copied(places, error) from error


def replace_signature(candidate: Artifact, places: Places) -> bool:
    """Give the served model the signature of a candidate with the same manifest.

    Args:
        candidate: may be signed by another key than the served model, or not at all: then the
            served model keeps its signature.
        places: the folders.

    Returns:
        Whether the signature was replaced.

    Raises:
        ArtifactError: it cannot be copied, or the candidate changed meanwhile.
    """
    fresh, served = candidate.folder / SIGNATURE, places.target / SIGNATURE
    # Outside the folder, in which a running service accepts no file that was not signed.
    beside = places.staged.with_suffix(".sig")
    try:
        if not fresh.is_file():
            return False
        content = fresh.read_bytes()
        if served.is_file() and served.read_bytes() == content:
            return False
        if manifest_hash(candidate.folder) != manifest_hash(places.target):
            raise ArtifactError(f"{candidate.folder} changed meanwhile; run `promote` again.")
        beside.write_bytes(content)
        beside.replace(served)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise _not_copied(places, error) from error
    return True


def complete(places: Places, candidate: str, champion: str | None) -> bool:
    """Bring an interrupted switch to its end, and return whether the candidate is served.

    Between its two moves, nothing is served: the staged model then comes into place, or the
    previous one back, if the staged one is not complete.

    Args:
        places: the folders.
        candidate: the SHA-256 of the candidate's manifest.
        champion: of the served model's; None without one.

    Raises:
        ArtifactError: a folder cannot be moved.
    """
    try:
        if not places.target.exists():
            if _is_whole(places.staged, candidate):
                places.staged.replace(places.target)
            elif champion and manifest_hash(places.previous) == champion:
                places.previous.replace(places.target)
    except OSError as error:
        raise _not_copied(places, error) from error
    return manifest_hash(places.target) == candidate


def discard(places: Places) -> None:
    """Remove the staged model that a killed promotion left; the record's lock must be held."""
    shutil.rmtree(places.staged, ignore_errors=True)


def _is_whole(folder: Path, expected: str) -> bool:
    """Return whether a folder holds the artifact with this hash of its manifest, and all of it."""
    try:
        artifact.load(folder)
    except ArtifactError:  # as after a power cut
        return False
    return manifest_hash(folder) == expected


def _not_copied(places: Places, error: OSError) -> ArtifactError:
    return ArtifactError(f"The artifact cannot be copied to {places.target}: {error}")

"""Copies an artifact before it is read: the folder may be replaced at any moment."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from ... import artifact as artifacts
from ...artifact import MANIFEST, Artifact
from ...errors import ArtifactError
from ...manifest import Manifest
from ...signature import SIGNATURE
from ..shared_folder import PREFIX, WORKERS, owned, remove_left_folders

ATTEMPTS = 3  # to copy a folder that is replaced meanwhile
LONGEST = 100  # characters of a version in the log


class Snapshots:
    """The copies that a process serves from, in a temporary folder of its own.

    The folder is removed at the end; what a killed process has left, by the next one.
    """

    def __init__(self) -> None:
        """Create nothing yet."""
        self._stack = ExitStack()
        self._folder: Path | None = None

    def take(self, source: Path, public_key: Path | None = None) -> Artifact:
        """Return a verified copy of the artifact in a folder.

        Args:
            source: the folder.
            public_key: a PEM file with the keys one of which must have signed it; None for any.

        Raises:
            ArtifactError: there is none, it does not match its manifest, it is not signed by the
                key, or there is no room.
        """
        for _ in range(ATTEMPTS - 1):
            before = read_manifest(source)
            try:
                return self._copy(source, public_key)
            except ArtifactError:
                if read_manifest(source) == before:
                    raise
        return self._copy(source, public_key)

    def remove(self, artifact: Artifact) -> None:
        """Remove a copy; a folder that is none is left as it is."""
        if self._folder and artifact.folder.parent == self._folder:
            shutil.rmtree(artifact.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove all copies."""
        self._stack.close()

    def _copy(self, source: Path, public_key: Path | None) -> Artifact:
        try:
            folder = Path(tempfile.mkdtemp(prefix="artifact-", dir=self._parent()))
        except OSError as error:
            raise ArtifactError(
                f"{source} cannot be copied to a temporary folder: {error}. Mount a writable /tmp, "
                "or set TMPDIR."
            ) from error
        try:
            copy_files(source, folder)
            return artifacts.load(folder, public_key=public_key)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, ArtifactError):
                text = str(error).replace(str(folder), str(source))
                raise ArtifactError(text) from error
            if isinstance(error, OSError):
                raise ArtifactError(f"{source} cannot be copied: {error}") from error
            raise

    def _parent(self) -> Path:
        """Return the folder of all copies: the workers share one, which their parent removes."""
        if self._folder is None:
            if shared := os.environ.get(WORKERS):
                self._folder = Path(tempfile.mkdtemp(prefix="artifacts-", dir=shared))
            else:
                place = Path(tempfile.gettempdir())
                remove_left_folders(place)
                self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
                self._stack.enter_context(owned(self._folder))
            remove: Callable[[Path, bool], None] = shutil.rmtree
            self._stack.callback(remove, self._folder, True)
        return self._folder


def read_manifest(folder: Path) -> bytes:
    """Return the bytes of a folder's manifest; nothing if it cannot be read."""
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return b""


def holds_other(folder: Path, served: Manifest | None) -> bool:
    """Return whether a folder holds another manifest than the served one, or none."""
    try:
        return Manifest.model_validate_json(read_manifest(folder)) != served
    except ValueError:
        return True


def name_refused(folder: Path, served: Manifest) -> dict[str, str]:
    """Return for the log which version is refused, if it is, and if its manifest can be read."""
    try:
        manifest = Manifest.model_validate_json(read_manifest(folder))
    except ValueError:
        return {}
    return {} if manifest == served else {"refused_version": manifest.version[:LONGEST]}


def copy_files(source: Path, target: Path) -> None:
    """Copy a manifest, the files that it lists, and a signature; what is missing stays missing.

    Raises:
        OSError: a file cannot be copied.
    """
    content = read_manifest(source)
    if not content:
        return
    (target / MANIFEST).write_bytes(content)
    try:
        names = Manifest.model_validate_json(content).files
    except ValueError:
        return  # the message of `artifact.load` says what is wrong
    inside = source.resolve()
    for name in (*names, SIGNATURE):
        path = source / name
        # A link to elsewhere is not followed: `artifact.load` reports the file as missing.
        if Path(name).name == name and path.is_file() and path.resolve().is_relative_to(inside):
            shutil.copyfile(path, target / name)

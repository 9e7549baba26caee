"""A folder with downloaded models, each complete before it has its name."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .. import artifact, environment
from ..errors import ArtifactError, ConfigurationError
from ..signature import SIGNATURE

CACHE_DIR = "MODEL_CACHE_DIR"
PARTIAL = ".partial-"
ABANDONED_AFTER_S = 24 * 3600


def cache_folder() -> Path:
    """Return MODEL_CACHE_DIR, or the user's cache.

    Raises:
        ConfigurationError: there is no home folder.
    """
    if named := environment.read(CACHE_DIR):
        return Path(named)
    try:
        base = environment.read("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:
        raise ConfigurationError(
            f"There is no home folder to keep downloaded models in; set {CACHE_DIR}."
        ) from error
    return Path(base, "modelserve", "models")


def fetch(folder: Path, download: Callable[[Path], Path]) -> Path:
    """Return a cached artifact's folder, which is downloaded and verified unless it is there.

    Several processes may fetch the same: the first one that is complete counts.

    Args:
        folder: of the cached artifact.
        download: writes it below an empty folder, and returns where.

    Raises:
        ArtifactError: what was downloaded does not match its manifest.
        ConfigurationError: the cache cannot be written to.
    """
    if is_complete(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=PARTIAL) as scratch:
            empty = Path(scratch, "new")
            empty.mkdir()
            fresh = download(empty)
            _keep_only_artifact(fresh)
            _move(fresh, folder, aside=Path(scratch, ".damaged"))
    except OSError as error:
        raise ConfigurationError(
            f"The model cannot be kept in {folder.parent}: {error}. "
            f"Set {CACHE_DIR} to a folder that can be written to."
        ) from error
    return folder


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds an artifact that matches its manifest."""
    try:
        artifact.load(folder)
    except ArtifactError:
        return False
    return True


def _keep_only_artifact(folder: Path) -> None:
    """Verify an artifact, and remove files beside it: a signature allows no others.

    Raises:
        ArtifactError: it does not match its manifest.
    """
    known = {*artifact.load(folder).manifest.files, artifact.MANIFEST, SIGNATURE}
    for each in folder.iterdir():
        if each.name in known:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def _move(fresh: Path, folder: Path, *, aside: Path) -> None:
    """Give a complete artifact its name, unless another process was quicker."""
    try:
        fresh.replace(folder)
    except OSError:
        if is_complete(folder):
            return
        folder.replace(aside)  # it is damaged
        fresh.replace(folder)


def _remove_abandoned(parent: Path) -> None:
    """Remove what processes left that were killed while they downloaded."""
    for each in parent.glob(f"{PARTIAL}*"):
        try:
            old = time.time() - each.stat().st_mtime > ABANDONED_AFTER_S
        except OSError:
            continue
        if old:
            shutil.rmtree(each, ignore_errors=True)

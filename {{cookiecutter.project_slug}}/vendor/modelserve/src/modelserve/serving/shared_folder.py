"""The folder that the processes of one start share: for their metrics, and to pass on feedback."""

import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from prometheus_client.multiprocess import mark_process_dead

from ..environment import SHARED_METRICS
from ..errors import ConfigurationError

if sys.platform != "win32":
    import fcntl

WORKERS = "MODELSERVE_WORKERS_DIR"  # the parent sets it for its workers
PREFIX = "metrics-"
LOCK = "owner.lock"  # held by the parent: the system releases it, however that one ends
METRICS = re.compile(r"(counter|gauge_[a-z]+|histogram|summary)_\d+\.db").fullmatch
GAUGES = re.compile(r"gauge_live[a-z]*_(\d+)\.db").fullmatch

log = logging.getLogger(__name__)


@contextmanager
def shared_folder() -> Iterator[None]:
    """Create a folder for all processes of this start; remove what killed ones have left.

    It lies in the operator's folder for metrics, which then keeps the metrics themselves, or else
    among the temporary files.

    Raises:
        ConfigurationError: it cannot be created.
    """
    chosen = os.environ.get(SHARED_METRICS)
    try:
        place = Path(chosen or tempfile.gettempdir())
        in_use = remove_left_folders(place)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    except OSError as error:
        raise ConfigurationError(
            f"Several workers need a folder for their metrics: {error} Set {SHARED_METRICS} to one."
        ) from error
    if chosen and in_use:
        log.warning("metrics are added to those of another service, which uses the same folder")
    elif chosen:
        remove_metrics(place)
    variables = {WORKERS: str(folder), SHARED_METRICS: chosen or str(folder)}
    with owned(folder):
        os.environ |= variables
        try:
            yield
        finally:
            for name in [WORKERS] if chosen else variables:
                del os.environ[name]
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Mark a folder as this process's own, until it ends."""
    new = folder / "new.lock"
    with new.open("wb") as file:
        with suppress(OSError):  # a file system without locks: the folder may be left behind
            lock(file)
            new.rename(folder / LOCK)  # only now: nobody sees it unlocked
        yield


def lock(file: IO[bytes]) -> None:
    """Lock a file for this process.

    Raises:
        BlockingIOError: another process has locked it.
        OSError: the file system knows no locks.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_left_folders(place: Path) -> bool:
    """Remove the folders of processes that were killed; return whether others are in use."""
    in_use = False
    if sys.platform == "win32":
        return in_use
    for folder in place.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                continue
            with (folder / LOCK).open("r+b") as file:
                lock(file)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            in_use = True
        except OSError:  # without a lock, none of this service's; or it has just been removed
            continue
    return in_use


def remove_metrics(folder: Path) -> None:
    """Remove all metrics of earlier starts, so that their models do not come back."""
    for path in folder.iterdir():
        if METRICS(path.name):
            path.unlink(missing_ok=True)


def remove_dead_gauges(folder: Path) -> None:
    """Remove the gauges of workers that ended since the start; their counters stay."""
    for path in folder.iterdir() if sys.platform != "win32" else ():
        if (match := GAUGES(path.name)) and not is_running(pid := int(match[1])):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def is_running(pid: int) -> bool:
    """Return whether there is a process with this id."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True

"""Where a comparison goes: a folder that stands complete, or as it stood before."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .. import artifact
from ..errors import MonitoringError

MARK = "constraint_violations.json"  # what makes a folder a report's


def check_place(folder: Path) -> None:
    """Make sure that nothing but an earlier report would be replaced.

    Raises:
        MonitoringError: there is something else.
    """
    try:
        free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be read: {error}") from error
    if not (free or (folder / MARK).is_file()):
        raise MonitoringError(f"{folder} holds something that is no report; choose another folder.")


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a report in one step: it stands complete, or what stood there before remains.

    Args:
        folder: a report that lies there is replaced, anything else kept.
        files: contents by name.

    Raises:
        MonitoringError: the folder holds something that is no report, or cannot be written.
    """
    check_place(folder)
    parent = folder.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}-") as scratch:
            fresh, aside = Path(scratch, "new"), Path(scratch, "old")
            fresh.mkdir()
            for name, content in files.items():
                (fresh / name).write_bytes(content)
            artifact.replace(fresh, folder, aside=aside)
    except OSError as error:
        raise MonitoringError(f"The report cannot be written to {folder}: {error}") from error

"""Writes the report's folder in one step: it is complete, or unchanged."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .. import artifact
from ..errors import MonitoringError

MARK = "constraint_violations.json"  # a folder with this file is a report


def check_replaceable(folder: Path) -> None:
    """Check that the folder is missing, empty, or an earlier report.

    Raises:
        MonitoringError: it holds something else, or cannot be read.
    """
    try:
        free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be read: {error}") from error
    if not (free or (folder / MARK).is_file()):
        raise MonitoringError(
            f"{folder} holds something that is not a report; choose another folder."
        )


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a report in one step; on an error, the earlier one remains.

    Args:
        folder: an earlier report in it is replaced, anything else is kept.
        files: contents by name.

    Raises:
        MonitoringError: the folder holds something that is not a report, or cannot be written.
    """
    check_replaceable(folder)
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

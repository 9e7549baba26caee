"""Asks for a reload when the folder of the artifact has changed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...artifact import MANIFEST

Stamp = tuple[Any, ...]


async def follow_folder(
    folder: Path, differs: Callable[[], bool], reload: Callable[[], object], *, interval_s: float
) -> None:
    """Ask for a reload once the folder's manifest differs and nothing has changed for an interval.

    An artifact that was refused is tried again when a file in the folder changes.

    Args:
        folder: the artifact's.
        differs: whether the manifest is not the served one.
        reload: asks for it.
        interval_s: the pause between two looks.
    """
    previous: Stamp = ()
    handled: Stamp = ()
    while True:
        await asyncio.sleep(interval_s)
        stamp = await asyncio.to_thread(_stamp, folder)
        settled, previous = stamp == previous, stamp
        if not stamp or not settled or stamp == handled:
            continue
        handled = stamp
        if await asyncio.to_thread(differs):
            reload()


def _stamp(folder: Path) -> Stamp:
    """Return a value that changes with the files of a folder; nothing without a manifest."""
    try:
        content = (folder / MANIFEST).read_bytes()
        files = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    except OSError:  # it is being replaced
        return ()
    return (content, *((n, each.st_size, each.st_mtime_ns, each.st_ino) for n, each in files))

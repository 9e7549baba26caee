"""Follows the file of keys: a consumer is let in or shut out without a new start."""

import asyncio
import logging
from pathlib import Path

from ..errors import ConfigurationError
from .access import Access, read_keys

PAUSE_S = 1.0

log = logging.getLogger(__name__)


async def follow(path: Path, access: Access) -> None:
    """Take the file's keys over whenever it changes, for ever; keep the former if it is wrong."""
    # Nothing is known at first: the file may have changed since it was read at the start.
    known: tuple[int, ...] = ()
    before = known
    while True:
        await asyncio.sleep(PAUSE_S)
        found = await asyncio.to_thread(_stamp, path)
        settled, before = found == before, found
        # A file that is still being written would shut out those who do not stand in it yet.
        if found == known or not settled:
            continue
        known = found
        try:
            keys = await asyncio.to_thread(read_keys, path)
        except ConfigurationError as error:
            log.error("keys not reloaded, the former are kept", extra={"trouble": str(error)})
        else:
            if access.replace(keys):
                log.info("keys reloaded", extra={"consumers": ",".join(keys)})


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when the file does, also behind a link that is turned to another."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)

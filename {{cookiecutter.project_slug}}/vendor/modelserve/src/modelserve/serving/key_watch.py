"""Reloads the file of keys when it changes, without a restart."""

import asyncio
import logging
from pathlib import Path

from ..errors import ConfigurationError
from .access import Access, read_keys

PAUSE_S = 1.0

log = logging.getLogger(__name__)


async def follow(path: Path, access: Access) -> None:
    """Load the keys whenever the file changes; keep the previous ones if it is invalid."""
    # No stamp yet: the file may have changed since it was read at the start.
    loaded: tuple[int, ...] = ()
    previous = loaded
    _warn_if_closed(path, access)
    while True:
        await asyncio.sleep(PAUSE_S)
        stamp = await asyncio.to_thread(_stamp, path)
        settled, previous = stamp == previous, stamp
        # A file that is still being written does not hold every key yet.
        if stamp == loaded or not settled:
            continue
        loaded = stamp
        try:
            keys = await asyncio.to_thread(read_keys, path)
        except ConfigurationError as error:
            log.error("keys not reloaded, the previous ones are kept", extra={"error": str(error)})
        else:
            if access.replace(keys):
                log.info("keys reloaded", extra={"consumers": ",".join(keys)})
                _warn_if_closed(path, access)


def _warn_if_closed(path: Path, access: Access) -> None:
    """Warn of a file without a key, which may block the last consumer on purpose."""
    if access.closed:
        log.warning("no key is known: every prediction is refused", extra={"file": str(path)})


def _stamp(path: Path) -> tuple[int, ...]:
    """Return a value that changes with the file, also when a link gets another target."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_size, status.st_ino)

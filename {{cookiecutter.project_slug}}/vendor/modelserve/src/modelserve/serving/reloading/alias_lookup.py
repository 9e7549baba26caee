"""Looks up again which artifact an alias in MLflow's registry names."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Counter

from ...errors import ArtifactError, ServiceError
from ..metrics_registry import MetricsRegistry
from ..thread_priority import lower_priority
from .daemon_call import DaemonCaller

LOOKUP_TIMEOUT_S = 300.0  # with the download of a new version
LOG_INTERVAL_S = 60.0  # between two lines about failures
LONGEST = 500  # characters of a reason
RESULTS = FOUND, FAILED = "found", "failed"

Find = Callable[[Path], Path]

log = logging.getLogger(__name__)


class AliasLookup:
    """Resolves an alias in a thread, one lookup at a time; after a failure, the folder stays.

    Args:
        find: returns the verified folder of the version that the alias names; given is the last
            one, which need not be verified again.
        folder: of the version that was found at the start.
        registry: counts lookups for the model that is served first.
    """

    def __init__(self, find: Find, folder: Path, registry: MetricsRegistry) -> None:
        """Look nothing up yet."""
        self.folder = folder
        self._find = find
        self._caller: DaemonCaller[Path] = DaemonCaller(lambda _: None)
        self._lock = asyncio.Lock()
        self._running = False
        self._logged = -LOG_INTERVAL_S
        self._counters = count_lookups(registry)

    def count_in(self, registry: MetricsRegistry) -> None:
        """Count lookups for the model that is served from now on."""
        self._counters = count_lookups(registry)

    async def refresh(self) -> None:
        """Look the alias up, and download the version that it names; count the result.

        Raises:
            ArtifactError: the version cannot be found, or not in time.
        """
        async with self._lock:
            try:
                self.folder = await self._look_up()
            except Exception:
                self._counters[FAILED].inc()
                raise
            self._counters[FOUND].inc()
            self._logged = -LOG_INTERVAL_S

    async def try_refresh(self) -> None:
        """Look the alias up; log a failure, once a minute."""
        try:
            await self.refresh()
        except Exception as error:  # pylint: disable=broad-exception-caught  # any of a client's
            if time.monotonic() - self._logged < LOG_INTERVAL_S:
                return
            self._logged = time.monotonic()
            known = isinstance(error, ServiceError)
            reason = " ".join((str(error) if known else repr(error)).split())[:LONGEST]
            log.warning("alias not found, the model is kept", extra={"reason": reason})

    async def _look_up(self) -> Path:
        if self._running:  # a thread cannot be stopped
            raise ArtifactError("The last lookup of the alias has not ended yet.")
        self._running = True
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                return await self._caller.call(self._run)
        except TimeoutError as error:
            raise ArtifactError(
                f"The alias was not found, and its version not downloaded, within "
                f"{LOOKUP_TIMEOUT_S:g} s."
            ) from error

    def _run(self) -> Path:
        try:
            lower_priority()
            return self._find(self.folder)
        finally:
            self._running = False


def count_lookups(registry: MetricsRegistry) -> dict[str, Counter]:
    """Return the counters of lookups by their result, of the model that is served then."""
    count = registry.counter(
        "model_alias_lookups", "Lookups of the served alias in MLflow's registry.", "result"
    )
    return {result: count(result) for result in RESULTS}


async def follow_alias(
    alias: AliasLookup,
    differs: Callable[[], bool],
    reload: Callable[[], object],
    *,
    interval_s: float,
) -> None:
    """Ask for a reload once the alias names a version with another manifest.

    A version that was refused is tried again when the alias has moved.

    Args:
        alias: is looked up.
        differs: whether the manifest is not the served one.
        reload: asks for it.
        interval_s: the pause between two lookups.
    """
    handled = alias.folder
    while True:
        await asyncio.sleep(interval_s)
        await alias.try_refresh()
        if alias.folder == handled:
            continue
        handled = alias.folder
        if await asyncio.to_thread(differs):
            reload()

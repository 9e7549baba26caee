"""Loads another artifact while the service answers, and swaps the served generation."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ArtifactError, ServiceError
from ...manifest import Manifest
from ..components import Components
from ..feedback_exchange import FeedbackExchange
from ..generation import Generation
from ..lazy_app import switching_often
from ..metrics_registry import MetricsRegistry
from ..thread_priority import call_with_low_priority
from .alias_lookup import AliasLookup, Find, follow_alias
from .compatibility import check_compatible
from .daemon_call import DaemonCaller
from .folder_watch import follow_folder
from .hang_up import hung_up_before, on_hang_up
from .outcome import ReloadOutcome, count_reloads
from .snapshot import Snapshots, holds_other, name_refused

if TYPE_CHECKING:  # which import this module
    from ...service import Service
    from ..hot_path import HotPath

LONGEST = 500  # characters of a reason
STOPS_WITHIN_S = 5.0  # a load that is in progress when the service stops
PAUSE_S = 0.05

Loaded = tuple["Service", Generation]
MakeGeneration = Callable[["Service", Components], Generation]

log = logging.getLogger(__name__)


class Reloader:
    """Reloads the artifact on request, one load at a time.

    Requests that arrive during a load are answered by the next one, together. A request to the
    service is answered by the generation that it began with; the previous generation is closed when
    its last request is answered.

    Args:
        service: the one that is served at the start.
        make: returns the generation of a service that is to replace another one.
        find: looks an alias up again; None if a folder is served.
    """

    def __init__(self, service: "Service", make: MakeGeneration, find: Find | None = None) -> None:
        """Count nothing yet."""
        self._service, self._make = service, make
        self._hot_path: HotPath
        settings = service.settings
        self._served_from = service.artifact.folder if settings.model_uri else settings.model_dir
        self._alias = find and AliasLookup(find, self._served_from, service.registry)
        self._counters = count_reloads(service.registry)
        self._requests: list[asyncio.Future[ReloadOutcome]] = []
        self._wanted = asyncio.Event()
        self._triggers: set[str] = set()
        self._snapshots = Snapshots()
        self._draining: dict[Generation, asyncio.Task[None]] = {}
        self._loader: DaemonCaller[Loaded | None] = DaemonCaller(_discard)
        self._stopping = False

    def attach(self, hot_path: "HotPath") -> None:
        """Swap the generation of this application."""
        self._hot_path = hot_path

    @property
    def served(self) -> Manifest:
        """Return the manifest of the served model."""
        return self._service.artifact.manifest

    def request(self, trigger: str) -> "asyncio.Future[ReloadOutcome]":
        """Ask for a reload, in the event loop; return its outcome in the future.

        Args:
            trigger: what asks, for the log.
        """
        future: asyncio.Future[ReloadOutcome] = asyncio.get_running_loop().create_future()
        self._requests.append(future)
        self._triggers.add(trigger)
        self._wanted.set()
        return future

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer requests for a reload; stop all generations at the end."""
        tasks = [asyncio.create_task(each) for each in (self._run(), *self._watches())]
        if self._alias and hung_up_before():
            self.request("SIGHUP")
        try:
            with on_hang_up(partial(self.request, "SIGHUP")):
                yield
        finally:
            self._stopping = True
            for task in tasks:
                task.cancel()
            await self._loader.join(STOPS_WITHIN_S)
            await asyncio.gather(*self._draining.values())
            self._snapshots.close()

    def _watches(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield what looks for changes at each interval."""
        settings = self._service.settings
        if not (interval_s := settings.reload_interval_s):
            return
        if self._alias:
            reload = partial(self.request, "MODEL_URI")
            yield follow_alias(self._alias, self._differs, reload, interval_s=interval_s)
        else:
            reload = partial(self.request, "MODEL_DIR")
            yield follow_folder(self._folder, self._differs, reload, interval_s=interval_s)
        if other := settings.challenger_dir:
            reload = partial(self.request, "CHALLENGER_DIR")
            yield follow_folder(other, self._challenger_differs, reload, interval_s=interval_s)

    @property
    def _folder(self) -> Path:
        """Return where the artifact is that should be served."""
        return self._alias.folder if self._alias else self._served_from

    def _differs(self) -> bool:
        return holds_other(self._folder, self.served)

    def _challenger_differs(self) -> bool:
        """Return whether there is another challenger, or one that is paused."""
        folder = self._service.settings.challenger_dir
        return folder is not None and holds_other(folder, self._hot_path.components.challenger)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            requests, self._requests = self._requests, []
            trigger, self._triggers = ",".join(sorted(self._triggers)), set()
            outcome = ReloadOutcome("refused", "The service stops.")
            try:
                outcome = await self._reload(trigger)
            finally:
                for future in requests:
                    if not future.done():
                        future.set_result(outcome)

    async def _reload(self, trigger: str) -> ReloadOutcome:
        started, previous = time.perf_counter(), self.served.version
        about = {"trigger": trigger, "version": previous}
        try:
            if self._alias:
                await self._alias.refresh()
            fresh = await self._loader.call(partial(self._load, about))
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A hook of the project's, or a library, may fail in any way: the model stays.
            return self._refuse(error, about)
        if fresh is None:
            log.info("model unchanged", extra=about)
            self._counters["unchanged"].inc()
            return ReloadOutcome("unchanged")
        service, generation = fresh
        self._swap(service, generation)
        self._counters["loaded"].inc()
        seconds = round(time.perf_counter() - started, 3)
        extra = {"trigger": trigger, "version": self.served.version, "previous": previous}
        log.info("model reloaded", extra=extra | {"seconds": seconds})
        return ReloadOutcome("loaded")

    def _refuse(self, error: Exception, about: dict[str, str]) -> ReloadOutcome:
        known = isinstance(error, ServiceError)
        reason = " ".join((str(error) if known else repr(error)).split())[:LONGEST]
        log.error(
            "model not reloaded, the previous one is kept",
            extra=about | {"reason": reason},
            exc_info=None if known else error,
        )
        self._counters["refused"].inc()
        self._hot_path.components.notifier.notify(
            "reload", f"{self.served.name} {self.served.version} is kept: {reason}"
        )
        return ReloadOutcome("refused", reason)

    def _load(self, about: dict[str, str]) -> Loaded | None:
        """Return the service and the generation of the artifact in the folder, named in `about`.

        Raises:
            ServiceError: it cannot be served.
        """
        if not (self._differs() or self._challenger_differs()):
            return None
        settings, current, folder = self._service.settings, self._hot_path.components, self._folder
        about |= name_refused(folder, self.served)
        with switching_often(), ExitStack() as failed:
            key = settings.model_public_key
            artifact = call_with_low_priority(partial(self._snapshots.take, folder, key))
            failed.callback(self._snapshots.remove, artifact)
            any_schema = settings.reload_schema == "any"
            check_compatible(artifact.manifest, self.served, any_schema=any_schema)
            registry = MetricsRegistry(artifact.manifest, self._service.registry)
            failed.callback(registry.discard)
            kind = type(self._service)
            service = kind.__new__(kind)
            vars(service)["registry"] = registry  # before a hook asks for it
            try:
                kind.__init__(service, settings, artifact)  # pylint: disable=unnecessary-dunder-call
                generation = self._make(service, current)
            except ServiceError as error:  # the path of the copy would mislead
                text = str(error).replace(str(artifact.folder), str(folder))
                raise ArtifactError(text) from error
            failed.pop_all()
        return service, generation

    def _swap(self, service: "Service", generation: Generation) -> None:
        """Answer new requests by another generation; all in one turn of the event loop."""
        old, self._hot_path.generation = self._hot_path.generation, generation
        previous, self._service = self._service, service
        service.registry.activate()
        self._counters = count_reloads(service.registry)
        if self._alias:
            self._alias.count_in(service.registry)
        exchange: FeedbackExchange = generation.components.feedback_exchange
        exchange.switch(generation.components.feedback, self._flush)
        old.components.log_queue.flush()  # so that /metrics counts all that it has answered
        old.components.registry.update()
        self._draining[old] = asyncio.create_task(self._drain(old, previous))

    def _flush(self) -> None:
        """Pass the latest predictions of all generations to their feedback."""
        for generation in (self._hot_path.generation, *self._draining):
            generation.components.log_queue.flush()

    async def _drain(self, generation: Generation, service: "Service") -> None:
        """Close a generation after its last request, or after the time that one may take."""
        settings = service.settings
        deadline = time.monotonic() + settings.body_timeout_s + settings.predict_timeout_s
        while generation.requests and not self._stopping and time.monotonic() < deadline:
            await asyncio.sleep(PAUSE_S)
        await asyncio.to_thread(generation.close)
        del self._draining[generation]
        self._snapshots.remove(service.artifact)


def _discard(loaded: Loaded | None) -> None:
    """Close a generation that was loaded while the service stopped."""
    if loaded:
        loaded[1].close()

"""Passes feedback to the worker process that made the prediction, which knows it alone."""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from .feedback import STATUSES, Feedback
from .request_context import worker_of
from .shared_folder import WORKERS

PATIENCE_S = 2.0  # for another worker, which answers within milliseconds unless it hangs
ATTEMPTS = 100

Outcomes = Sequence[Mapping[str, Any]]

log = logging.getLogger(__name__)


class FeedbackExchange:
    """Resolves feedback in this worker, or in the one that an inference id names.

    Each worker listens on a socket in the folder that all share. A worker that has ended, or does
    not answer, leaves its feedback unknown or late.

    Args:
        feedback: of this worker.
        flush: passes the latest predictions to `feedback`.
        folder: that the workers share; None if there is only one process.
    """

    def __init__(
        self, feedback: Feedback, flush: Callable[[], None], folder: Path | None = None
    ) -> None:
        """Choose this worker's name: four hexadecimal digits, or "" for the only process."""
        self._feedback = feedback
        self._flush = flush
        self._folder = folder or Path()
        self.worker, self._listener = open_socket(folder) if folder else ("", None)

    def switch(self, feedback: Feedback, flush: Callable[[], None]) -> None:
        """Resolve feedback by another object from now on; the worker's name stays.

        Args:
            feedback: of the model that is served now.
            flush: passes the latest predictions to it, and to those before it.
        """
        self._feedback, self._flush = feedback, flush

    async def resolve(self, outcomes: Outcomes) -> list[str]:
        """Count outcomes where their predictions were made; return the status of each."""
        others = self._other_workers()
        places = defaultdict(list)
        for place, outcome in enumerate(outcomes):
            worker = worker_of(outcome["inference_id"])
            places[worker if worker in others else self.worker].append(place)
        resolved = await asyncio.gather(
            *(self._ask(worker, [outcomes[i] for i in some]) for worker, some in places.items())
        )
        statuses = [""] * len(outcomes)
        for some, answers in zip(places.values(), resolved, strict=True):
            for place, status in zip(some, answers, strict=True):
                statuses[place] = status
        return statuses

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer the other workers."""
        if self._listener is None:
            yield
            return
        server = await asyncio.start_unix_server(self._answer, sock=self._listener)
        try:
            yield
        finally:
            server.close()
            (self._folder / self.worker).unlink(missing_ok=True)

    def _other_workers(self) -> set[str]:
        """Return the names of all others that have listened; some may have ended."""
        if self._listener is None:
            return set()
        with suppress(OSError):  # the folder is gone
            return {path.name for path in self._folder.iterdir()} - {self.worker}
        return set()

    async def _ask(self, worker: str, outcomes: Outcomes) -> list[str]:
        if worker != self.worker:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await ask_socket(self._folder / worker, outcomes)
            except (ConnectionRefusedError, FileNotFoundError):
                log.debug("worker has ended", extra={"worker": worker})
            except (OSError, ValueError) as error:  # a time-out is an OSError
                log.warning("feedback not passed on", extra={"error": repr(error)})
        self._flush()
        return self._feedback.resolve(outcomes)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                outcomes = from_json(await reader.read())
            self._flush()
            writer.write(to_json(self._feedback.resolve(outcomes)))
        except (OSError, ValueError):  # the other worker has ended
            return
        finally:
            writer.close()


async def ask_socket(path: Path, outcomes: Outcomes) -> list[str]:
    """Return the statuses of outcomes from the worker behind a socket.

    Raises:
        OSError: it does not listen.
        ValueError: it gave no answer.
    """
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(to_json(outcomes))
        writer.write_eof()
        statuses: list[str] = from_json(await reader.read())
    finally:
        writer.close()
    if len(statuses) != len(outcomes) or not set(statuses) <= set(STATUSES):
        raise ValueError("another worker's answer cannot be read")
    return statuses


def open_socket(folder: Path) -> tuple[str, socket.socket | None]:
    """Return a socket in a folder, and its name; no name and no socket if there can be none."""
    if sys.platform == "win32":
        return "", None
    for _ in range(ATTEMPTS):
        name = os.urandom(2).hex()
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(str(folder / name))
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:  # the name of another worker, perhaps a dead one
                continue
            log.warning("feedback stays in the worker it reaches", extra={"error": repr(error)})
            break
        return name, listener
    return "", None


def join_workers(feedback: Feedback, flush: Callable[[], None]) -> FeedbackExchange:
    """Return the exchange of this process: with others if a parent has started several."""
    folder = os.environ.get(WORKERS)
    return FeedbackExchange(feedback, flush, Path(folder) if folder else None)

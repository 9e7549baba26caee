"""Ends connections whose clients neither send nor read, and bounds the number of connections."""

import asyncio
from contextlib import suppress
from typing import Protocol

from .limit_log import LimitLog

SWEEP_S = 1.0
CONNECTIONS = 1_024  # the least limit, however few predictions may run at once
CONNECTIONS_PER_PREDICTION = 8
CHUNKED_BYTES = 65_536  # of chunks and trailers, besides:
CHUNKING = 8  # a body in chunks of one byte has six bytes for each
OTHER_FILES = 100  # that the process may open: captures, logs, libraries


class LimitedConnection(Protocol):
    """A connection as its limits see it."""

    def progress(self) -> object:
        """Return what changes while the client sends or reads; None if nothing is due from it."""

    def is_waiting(self) -> bool:
        """Return whether the next step is the client's."""

    def was_answered(self) -> bool:
        """Return whether the client has received an answer, and has sent nothing since."""

    def end(self) -> None:
        """Close the connection now."""


class ConnectionLimits:
    """The limits of all connections of a process.

    Args:
        limit: of connections. One more takes the place of one that waits for its client, so that
            health checks are answered during an attack.
        patience_s: a client that does nothing for so long, though something is due from it, loses
            its connection.
        body_bytes: of the largest body that is read.
    """

    def __init__(self, *, limit: int, patience_s: float, body_bytes: int) -> None:
        """Start without a connection."""
        self.limit, self.patience_s = limit, patience_s
        self.chunked_bytes = CHUNKED_BYTES + CHUNKING * body_bytes
        self._connections: dict[LimitedConnection, None] = {}  # the oldest first
        self._stalled: dict[LimitedConnection, tuple[object, float]] = {}
        self._sweeping = False
        self._log = LimitLog()

    def add(self, connection: LimitedConnection) -> None:
        """Add a connection, and make room for it."""
        if len(self._connections) >= self.limit:
            self._make_room()
        self._connections[connection] = None
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)

    def remove(self, connection: LimitedConnection) -> None:
        """Forget a connection that is closed."""
        self._connections.pop(connection, None)
        self._stalled.pop(connection, None)

    def _make_room(self) -> None:
        waiting = [each for each in self._connections if each.is_waiting()]
        # First those that never finished a request; a client between two requests comes last.
        waiting.sort(key=lambda each: each.was_answered())
        ended = waiting[: 1 + self.limit // 32]  # several, so that a flood costs one pass for all
        self._end(ended, "connections")

    def _sweep(self) -> None:
        """End connections that made no progress."""
        loop = asyncio.get_running_loop()
        now, stalled, ended = loop.time(), {}, []
        for connection in self._connections:
            if (progress := connection.progress()) is None:
                continue
            before, since = self._stalled.get(connection, (None, now))
            stalled[connection] = (progress, since if before == progress else now)
            if before == progress and now - since >= self.patience_s:
                ended.append(connection)
        self._stalled = stalled
        self._end(ended, "idle time of a connection")
        self._sweeping = bool(self._connections)
        if self._sweeping:
            loop.call_later(SWEEP_S, self._sweep)

    def _end(self, connections: list[LimitedConnection], limit: str) -> None:
        for connection in connections:
            connection.end()
            self.remove(connection)
        if connections:
            self._log.count(limit, len(connections))


def connection_limit(max_concurrency: int) -> int:
    """Return how many connections a process may have, and raise its limit of files for them.

    Args:
        max_concurrency: predictions under way at once.
    """
    wanted = max(CONNECTIONS, CONNECTIONS_PER_PREDICTION * max_concurrency)
    files = _raise_file_limit(wanted + OTHER_FILES)
    return wanted if files is None else max(1, min(wanted, files - OTHER_FILES))


def _raise_file_limit(wanted: int) -> int | None:
    """Return how many files the process may open, as many as wanted if possible; None: any."""
    try:
        import resource  # pylint: disable=import-outside-toplevel
    except ImportError:  # Windows has no such limit
        return None
    kind, unlimited = resource.RLIMIT_NOFILE, resource.RLIM_INFINITY
    soft, hard = resource.getrlimit(kind)
    if soft != unlimited and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (wanted if hard == unlimited else min(wanted, hard), hard))
        soft, _ = resource.getrlimit(kind)
    return None if soft == unlimited else soft

"""HTTP/1.1 connections: uvicorn's protocol, with limits, a drain, and no upgrades."""

import sys
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .connection_limits import ConnectionLimits

MAX_HEAD_BYTES = 65_536
DRAIN_S = 5.0  # at least uvicorn's time-out of an idle connection, within its graceful time-out
TOO_LARGE_HEAD = b"431 Request Header Fields Too Large"
SLOW_HEAD = b"408 Request Timeout"


class HttpConnection(HttpToolsProtocol):
    """A connection to one client.

    Args:
        limits: of all connections of the process.
        options: uvicorn's.
    """

    def __init__(self, limits: ConnectionLimits, **options: Any) -> None:
        """Start without a request."""
        super().__init__(**options)
        self._limits = limits
        self._data: bytes | memoryview = b""
        self._parts: list[bytes | memoryview] = []
        self._head_bytes = 0
        self._chunked: object = None  # the cycle of the request whose body comes in chunks
        self._chunked_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Add the connection to the limited ones."""
        super().connection_made(transport)
        self._limits.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the limited ones."""
        super().connection_lost(exc)
        self._limits.remove(self)

    def data_received(self, data: bytes) -> None:
        """Parse data; reject a head that is too large."""
        self._data = data
        super().data_received(data)
        while self._parts and not self.transport.is_closing():
            self._data = self._parts.pop()
            super().data_received(self._data)  # type: ignore[arg-type]  # a view will do
        cycle = self.cycle
        if cycle and cycle.scope is self.scope:  # as in `_is_reading_head`; most data end there
            self._head_bytes = 0
            if cycle is self._chunked:
                self._count_chunked(len(data))
        elif self.scope and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._reject(TOO_LARGE_HEAD)

    def on_chunk_header(self) -> None:
        """Count the bytes of a request whose head does not tell them; httptools calls this."""
        if self._chunked is not self.cycle:
            self._chunked, self._chunked_bytes = self.cycle, 0

    def _count_chunked(self, size: int) -> None:
        # Trailers, or chunks after an early answer, may never end, and no one reads them.
        self._chunked_bytes += size
        if self._chunked_bytes > self._limits.chunked_bytes and not self.transport.is_closing():
            self.transport.close()

    def shutdown(self) -> None:
        """Answer requests under way, and the client's next one, with `Connection: close`.

        uvicorn would close an idle connection at once: a request that the client has just sent
        over it would be lost. An active client sends its next request before the end of the drain;
        the connection of one that does not is closed, as an idle connection always is.
        """
        state = self.server_state
        if CLOSE_HEADER not in state.default_headers:
            state.default_headers = [*state.default_headers, CLOSE_HEADER]
        if self.cycle and not self.cycle.response_started:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(DRAIN_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    # What an upgrade asks for is not supported, not even WebSockets: by RFC 9110, section 7.8, the
    # request is answered as if it asked for none. httptools ends a request that asks for an upgrade
    # after its head, without its body: the JDK's client and `curl --http2` send `Upgrade: h2c`.

    def _should_upgrade(self) -> bool:
        """Let uvicorn start no request, but call `handle_websocket_upgrade`."""
        return True

    def handle_websocket_upgrade(self) -> None:
        """Parse the head again without its `Upgrade`, then what follows it."""
        method = self.parser.get_method()
        if method == b"CONNECT":  # an upgrade by its method
            self.send_400_response("CONNECT is not supported.")
            return
        end_of_head = sys.exception().args[0]  # type: ignore[union-attr]  # HttpParserUpgrade
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % each for each in self.headers if each[0] != b"upgrade"]
        self._parts = [memoryview(self._data)[end_of_head:], b"\r\n".join([*lines, b"", b""])]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    # How the limits see the connection.

    def progress(self) -> object:
        """Return what changes while the client sends a head or reads; None if neither is due."""
        unread = self.transport.get_write_buffer_size()
        idle = self._is_idle() and self.timeout_keep_alive_task is None
        if idle or self.transport.is_closing() or self.flow.write_paused:
            return (self.cycle, unread)
        return None

    def is_waiting(self) -> bool:
        """Return whether the client has to send a request or its body, or to read an answer."""
        return self._is_idle() or self.cycle.more_body or self.flow.write_paused

    def was_answered(self) -> bool:
        """Return whether the client has received an answer, and has sent nothing since."""
        return bool(self.cycle) and self._is_idle() and not self._is_reading_head()

    def end(self) -> None:
        """Close the connection; 408 is the answer to an unfinished head."""
        if self.transport.get_write_buffer_size():  # the client does not read
            self.transport.abort()
        elif self._is_idle() and self._is_reading_head():
            self._reject(SLOW_HEAD)
        else:
            self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _is_reading_head(self) -> bool:
        # The parser creates a scope when a head begins, and a cycle for it when the head ends.
        return self.scope is not (self.cycle.scope if self.cycle else None)

    def _reject(self, status: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status
        )
        self.transport.close()

"""Connections: upgrades, unfinished heads, too many clients, and the end of the server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from modelserve.serving import connection_limits, http_connection
from modelserve.serving.connection_limits import ConnectionLimits
from modelserve.serving.http_connection import HttpConnection
from uvicorn.server import ServerState

HOST = "127.0.0.1"
PATIENCE_S = 10
BODY = b"the body"
BODY_BYTES = 10_000
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: a\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Scenario = Callable[["Server"], Awaitable[None]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the method, the body and whether an upgrade is still asked for."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    size = int(dict(scope["headers"]).get(b"x-size", b"0"))
    names = {name.decode() for name, _ in scope["headers"]}
    content = (
        json.dumps(
            {"method": scope["method"], "body": body.decode(), "upgrade": "upgrade" in names}
        ).encode()
        + b" " * size
    )
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": content})


class Server:
    """A server of connections in this process.

    Args:
        limits: of its connections.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.state = ServerState()
        self._config = uvicorn.Config(echo, ws="none", log_config=None)
        self._config.load()
        self._limits = limits
        self._port = 0
        self._clients: list[Client] = []

    async def __aenter__(self) -> "Server":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, HOST, 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for each in list(self.state.connections):
            each.transport.abort()
        for _reader, writer in self._clients:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _accept(self) -> HttpConnection:
        return HttpConnection(
            self._limits, config=self._config, server_state=self.state, app_state={}
        )

    async def connect(self) -> Client:
        """Return a connection that the server has accepted."""
        before = len(self.state.connections)
        client = await asyncio.open_connection(HOST, self._port)
        self._clients.append(client)
        while len(self.state.connections) == before:  # accepted, perhaps in place of another one
            await asyncio.sleep(0)
            if before >= self._limits.limit:
                await asyncio.sleep(0.02)
                break
        return client

    def shut_down(self) -> None:
        """Do what uvicorn does with its connections on SIGTERM."""
        for each in list(self.state.connections):
            each.shutdown()


def run(scenario: Scenario, *, limit: int = 100, patience_s: float = PATIENCE_S) -> None:
    """Run a scenario with a server."""

    async def play() -> None:
        limits = ConnectionLimits(limit=limit, patience_s=patience_s, body_bytes=BODY_BYTES)
        async with asyncio.timeout(PATIENCE_S * 2):
            async with Server(limits) as server:
                await scenario(server)

    asyncio.run(play())


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def ask(client: Client, request: bytes) -> tuple[bytes, Any]:
    """Send a request; return the head of the answer and its content."""
    client[1].write(request)
    head, body = await read_answer(client[0])
    return head, json.loads(body)


async def trickle(client: Client, part: bytes) -> bytes:
    """Send a part again and again until the server closes the connection; return its answer."""
    answer = asyncio.create_task(client[0].read())
    while not answer.done():
        client[1].write(part)
        await asyncio.sleep(0.01)
    return await answer


@pytest.fixture
def quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the connections a hundred times a second."""
    monkeypatch.setattr(connection_limits, "SWEEP_S", 0.01)


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.0", b"h2c, foo/2"])
@pytest.mark.parametrize("split", [0, 1, 30, 90, 134, 140])
def test_a_request_for_an_upgrade_is_answered_with_its_body(upgrade: bytes, split: int) -> None:
    head = POST + b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"
    request = head + b"upgrade: " + upgrade + b"\r\n\r\n" + BODY

    async def scenario(server: Server) -> None:
        client = await server.connect()
        client[1].write(request[:split])
        await asyncio.sleep(0.01)
        head, content = await ask(client, request[split:])
        assert head.startswith(b"HTTP/1.1 200 ")
        assert content == {"method": "POST", "body": BODY.decode(), "upgrade": False}
        again = await ask(client, POST + b"\r\n" + BODY)
        assert again[1]["body"] == BODY.decode(), "the connection is of no use afterwards"

    run(scenario)


UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        pytest.param(GET + UPGRADE + b"\r\n", "", id="no-body"),
        pytest.param(
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + UPGRADE
            + b"\r\n3\r\nthe\r\n5\r\n body\r\n0\r\n\r\n",
            "the body",
            id="chunked",
        ),
        pytest.param(
            POST + b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n" + BODY,
            "the body",
            id="closing",
        ),
        pytest.param(POST + b"Upgrade: h2c\r\n\r\n" + BODY, "the body", id="no-connection-header"),
    ],
)
def test_any_request_for_an_upgrade_is_answered(request_: bytes, body: str) -> None:
    async def scenario(server: Server) -> None:
        head, content = await ask(await server.connect(), request_)
        assert content["body"] == body
        assert (b"connection: close" in head) == (b"close" in request_)

    run(scenario)


def test_many_requests_for_an_upgrade_at_once_are_answered_in_their_order() -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        bodies = [b"%08d" % i for i in range(500)]
        client[1].write(b"".join(POST + UPGRADE + b"\r\n" + body for body in bodies))
        for body in bodies:
            answer = json.loads((await read_answer(client[0]))[1])
            assert answer["body"] == body.decode()

    run(scenario)


def test_connect_is_refused() -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        client[1].write(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
        assert (await client[0].read()).startswith(b"HTTP/1.1 400 ")

    run(scenario)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"GET /" + b"x" * 10_000, id="path"),
        pytest.param(GET + b"a: " + b"x" * 10_000, id="value"),
        pytest.param(GET + b"a: b\r\n" * 1_000, id="count"),
    ],
)
def test_a_head_without_end_is_rejected(start: bytes) -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        rest = b"a: b\r\n" * 1_000 if start.endswith(b"\n") else b"x" * 6_000
        client[1].write(start)
        assert (await trickle(client, rest)).startswith(b"HTTP/1.1 431 ")

    run(scenario)


CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "rest"),
    [
        pytest.param(b"0\r\na: ", b"x" * 6_000, id="value"),
        pytest.param(b"0\r\n", b"a: b\r\n" * 1_000, id="count"),
        pytest.param(b"5\r\n the \r\n", b"5\r\n the \r\n" * 600, id="chunks"),
    ],
)
def test_trailers_or_chunks_without_end_are_cut_off(start: bytes, rest: bytes) -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        client[1].write(CHUNKED + start)
        assert await trickle(client, rest) == b""

    run(scenario)


def test_many_bodies_in_small_chunks_are_read() -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        for _ in range(5):
            client[1].write(CHUNKED)
            for _ in range(10):
                client[1].write(b"1\r\nx\r\n" * (BODY_BYTES // 10))
                await asyncio.sleep(0.005)
            _, content = await ask(client, b"0\r\na: b\r\n\r\n")
            assert len(content["body"]) == BODY_BYTES

    run(scenario)


def test_a_long_head_and_many_short_ones_are_answered() -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        for _ in range(3):
            client[1].write(GET)
            await asyncio.sleep(0.01)
            _, content = await ask(client, b"a: " + b"x" * 30_000 + b"\r\n\r\n")
            assert content["method"] == "GET"

    run(scenario)


@pytest.mark.usefixtures("quick_sweeps")
@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(GET, b"HTTP/1.1 408 ", id="half-a-head"),
        pytest.param(GET + b"\r\n" + GET, b"HTTP/1.1 408 ", id="half-a-second-head"),
    ],
)
def test_a_client_that_never_finishes_its_head_loses_its_connection(
    sent: bytes, answer: bytes
) -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        client[1].write(sent)
        if GET + b"\r\n" in sent:
            await read_answer(client[0])
        assert (await trickle(client, b"a: b\r\n" if sent else b"")).startswith(answer)
        assert not server.state.connections

    run(scenario, patience_s=0.1)


@pytest.mark.usefixtures("quick_sweeps")
def test_a_client_that_does_not_read_loses_its_connection() -> None:
    async def scenario(server: Server) -> None:
        client = await server.connect()
        client[1].transport.pause_reading()  # type: ignore[attr-defined]
        client[1].write(GET + b"X-Size: 50000000\r\n\r\n")
        while server.state.connections:
            await asyncio.sleep(0.01)

    run(scenario, patience_s=0.1)


@pytest.mark.usefixtures("quick_sweeps")
def test_a_client_that_sends_a_slow_body_or_waits_between_requests_keeps_its_connection() -> None:
    async def scenario(server: Server) -> None:
        client, slow = await server.connect(), await server.connect()
        slow[1].write(POST + b"\r\n" + BODY[:4])
        await ask(client, GET + b"\r\n")
        await asyncio.sleep(0.3)
        assert (await ask(client, GET + b"\r\n"))[1]["method"] == "GET"
        assert (await ask(slow, BODY[4:]))[1]["body"] == BODY.decode()

    run(scenario, patience_s=0.1)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GET, id="half-a-head"),
        pytest.param(POST + b"\r\n", id="half-a-body"),
    ],
)
def test_beyond_the_limit_clients_that_are_waited_for_make_room(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(server: Server) -> None:
        regular = await server.connect()
        await ask(regular, GET + b"\r\n")
        held = []
        for _ in range(8):
            client = await server.connect()
            client[1].write(sent)
            held.append(client)
            await asyncio.sleep(0.01)
        health = await server.connect()
        assert (await ask(health, GET + b"\r\n"))[1]["method"] == "GET"
        assert (await ask(regular, GET + b"\r\n"))[1]["method"] == "GET"
        assert len(server.state.connections) <= 5
        first = await held[0][0].read()
        assert first.startswith(b"HTTP/1.1 408 " if sent == GET else b"")

    run(scenario, limit=5)
    (record,) = [each for each in caplog.records if each.message == "limit reached"]
    assert (record.__dict__["limit"], record.__dict__["times"]) == ("connections", 1)


def test_a_client_between_two_requests_gets_an_answer_after_the_end_has_begun() -> None:
    async def scenario(server: Server) -> None:
        clients = [await server.connect() for _ in range(3)]
        await ask(clients[0], GET + b"\r\n")
        clients[2][1].write(POST + b"\r\n")
        await asyncio.sleep(0.01)
        server.shut_down()
        await asyncio.sleep(0.05)
        for client, rest in zip(clients, (GET + b"\r\n", GET + b"\r\n", BODY), strict=True):
            head, _ = await ask(client, rest)
            assert b"connection: close\r\n" in head.lower()
            assert await client[0].read() == b""
        assert not server.state.connections

    run(scenario)


def test_a_client_that_stays_idle_is_closed_at_the_end_of_the_drain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_connection, "DRAIN_S", 0.05)

    async def scenario(server: Server) -> None:
        silent, idle = await server.connect(), await server.connect()
        await ask(idle, GET + b"\r\n")
        server.shut_down()
        async with asyncio.timeout(1):
            assert (await silent[0].read(), await idle[0].read()) == (b"", b"")
        assert not server.state.connections

    run(scenario)

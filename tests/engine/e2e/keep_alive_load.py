"""Clients that ask again and again over connections that stay open, and keep what they get."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"
PATIENCE_S = 20


@dataclass
class Answers:
    """What the clients have got: each kind of answer with its number, and what failed."""

    by_version: Counter[tuple[str, tuple[float, ...]]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def versions(self) -> set[str]:
        """Return the versions that have answered."""
        return {version for version, _ in self.by_version}


class KeepAliveLoad:
    """Asks for one row as fast as answers come.

    Args:
        port: of the service.
        row: a valid one.
        clients: at once, each with a connection of its own.
    """

    def __init__(self, port: int, row: dict[str, Any], *, clients: int) -> None:
        body = json.dumps({"instances": [row]}).encode()
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        self._request = head.encode() + body
        self._port, self._clients = port, clients
        self.answers = Answers()
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    async def __aenter__(self) -> "KeepAliveLoad":
        """Start the clients."""
        self._tasks = [asyncio.create_task(self._ask_often()) for _ in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let each client receive its last answer."""
        self._over = True
        await asyncio.gather(*self._tasks)

    async def until_answered_by(self, version: str) -> None:
        """Return once a version has answered."""
        async with asyncio.timeout(PATIENCE_S):
            while version not in self.answers.versions:
                await asyncio.sleep(0.01)

    async def _ask_often(self) -> None:
        try:
            reader, writer = await asyncio.open_connection(HOST, self._port)
            while not self._over:
                async with asyncio.timeout(PATIENCE_S):
                    await self._ask(reader, writer)
            writer.close()
        except (OSError, ValueError, EOFError) as error:  # a time-out is an OSError
            self.answers.failures.append(repr(error))

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith("http/1.1 200"):
            self.answers.failures.append(body.decode())
            return
        content = json.loads(body)
        (prediction,) = content["predictions"]
        values = tuple(round(each, 4) for each in prediction["probabilities"].values())
        self.answers.by_version[content["model_version"], values] += 1

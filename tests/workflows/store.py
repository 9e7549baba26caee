"""Where captures come from: a server on this machine that hands out one archive."""

import io
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def archive(files: dict[str, str]) -> bytes:
    """Return a .tar.gz with these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            packed.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


class Store(ThreadingHTTPServer):
    """A server that hands out one archive, and remembers the tokens that it was shown."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Asking)
        self.url = f"http://127.0.0.1:{self.server_port}/captures.tar.gz"
        self.archive = b""
        self.status = 200
        self.elsewhere = ""
        self.tokens: list[str | None] = []


class Asking(BaseHTTPRequestHandler):
    """One question to the store."""

    server: Store

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """Hand out the archive, or say where else it is."""
        self.server.tokens.append(self.headers["Authorization"])
        self.send_response(302 if self.server.elsewhere else self.server.status)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()
        self.wfile.write(self.server.archive)

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""

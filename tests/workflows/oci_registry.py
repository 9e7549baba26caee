"""A registry on this machine that keeps images and attestations in memory, behind a password.

It has no API for referrers, as GitHub's and Google's registries have none: a client then keeps the
list of an image's attestations under a tag.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

USER, PASSWORD = "someone", "a-password"
IMAGE_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = re.compile(r"/v2/.+/manifests/(.+)")


class Registry(HTTPServer):
    """The registry.

    Args:
        may_move: whether a tag may be moved to another manifest.
    """

    def __init__(self, may_move: Callable[[str], bool] = lambda _: True) -> None:
        """Listen on a free port, with nothing stored."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.may_move = may_move
        self.manifests: dict[str, tuple[str, bytes]] = {}

    @property
    def host(self) -> str:
        """Return what an image's name begins with."""
        return f"127.0.0.1:{self.server_port}"

    def push(self) -> str:
        """Store an image, and return its name with the digest."""
        content = json.dumps({"schemaVersion": 2, "mediaType": IMAGE_TYPE}).encode()
        digest = self.put("a-tag", IMAGE_TYPE, content)
        return f"{self.host}/iris/service@{digest}"

    def put(self, reference: str, kind: str, content: bytes) -> str:
        """Store a manifest by its digest and by the reference; return its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.manifests[digest] = self.manifests[reference] = (kind, content)
        return digest


class Handler(BaseHTTPRequestHandler):
    """Answers one request of a client."""

    server: Registry

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""

    def answer(self) -> None:
        """Let in who has the password, and do what is asked."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {basic}":
            self.send(401, {"WWW-Authenticate": 'Basic realm="registry"'})
        elif found := MANIFEST.fullmatch(self.path):
            self.answer_manifest(found[1], body)
        elif self.path == "/v2/":
            self.send(200)
        elif self.command == "POST":
            self.send(202, {"Location": f"{self.path}1"})
        elif self.command == "PUT":
            self.send(201)
        else:
            self.send(404)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    def answer_manifest(self, reference: str, body: bytes) -> None:
        """Store or return a manifest."""
        stored = self.server.manifests.get(reference)
        if self.command != "PUT":
            if stored is None:
                self.send(404)
                return
            kind, content = stored
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            self.send(200, {"Content-Type": kind, "Docker-Content-Digest": digest}, content)
        elif stored and not self.server.may_move(reference):
            self.send(400, body=b'{"errors": [{"code": "TAG_INVALID"}]}')
        else:
            self.server.put(reference, self.headers["Content-Type"], body)
            self.send(201)

    def send(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

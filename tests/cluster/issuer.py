"""GitHub's issuer of identity tokens, on this machine."""

import base64
import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

EXPIRES = datetime(2030, 1, 31, 9, 10, tzinfo=UTC)


def token(number: int) -> str:
    """Return a token of the form that GitHub's have."""
    claims = {"exp": int(EXPIRES.timestamp()), "jti": str(number)}
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()) for each in ({}, claims)]
    return ".".join(part.decode().rstrip("=") for part in parts) + ".signature"


class Issuer(HTTPServer):
    """GitHub's issuer of tokens; each one that it gives is new."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), IssuerHandler)
        self.audiences: list[str] = []
        self.given: list[str] = []


class IssuerHandler(BaseHTTPRequestHandler):
    """Answers one request for a token."""

    server: Issuer

    def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ
        """Say nothing."""

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """Give a token to whoever has the job's own."""
        if self.headers["Authorization"] != "Bearer of-this-job":
            self.send_error(401)
            return
        self.server.audiences += parse_qs(urlsplit(self.path).query)["audience"]
        self.server.given.append(token(len(self.server.given)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"value": self.server.given[-1]}).encode())

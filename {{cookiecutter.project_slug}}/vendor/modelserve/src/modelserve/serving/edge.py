"""What stands before the service: a proxy with a path prefix, pages of other origins."""

import ipaddress
import re

from starlette.types import ASGIApp, Receive, Scope, Send

from ..settings import Settings

HEADER = b"x-forwarded-prefix"
EXPOSED = ("X-Request-ID", "Retry-After", "WWW-Authenticate")  # headers for other origins' pages
PREFIX = re.compile(rb"(?:/[A-Za-z0-9._~-]+)+").fullmatch


def at_edge(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return an application as browsers and proxies need it: the same one, unless it is set."""
    if settings.root_path or settings.trusted_proxies:
        app = ProxyPrefix(app, settings)
    if settings.cors_origins:
        from starlette.middleware.cors import (  # pylint: disable=import-outside-toplevel
            CORSMiddleware,
        )

        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    return app


class ProxyPrefix:
    """Serves the routes below a prefix, whether or not the proxy removes it from the path.

    Args:
        app: answers requests without the prefix, which their `root_path` keeps.
        settings: `root_path` is the prefix; a trusted proxy may name another one in
            X-Forwarded-Prefix.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Parse the proxies' addresses."""
        self._app = app
        self._prefix = settings.root_path
        self._everyone = "*" in settings.trusted_proxies
        self._networks = [
            ipaddress.ip_network(each) for each in settings.trusted_proxies if each != "*"
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the prefix off the path."""
        if scope["type"] == "http" and (prefix := self._find(scope)):
            path: str = scope["path"]
            if path == prefix or path.startswith(f"{prefix}/"):
                path = path.removeprefix(prefix) or "/"
            scope = {**scope, "root_path": prefix, "path": path}
        await self._app(scope, receive, send)

    def _find(self, scope: Scope) -> str:
        if self._trusts(scope["client"]):
            given = dict(scope["headers"]).get(HEADER, b"").rstrip(b"/")
            if PREFIX(given):
                return str(given.decode())
        return self._prefix

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        if self._everyone:
            return True
        try:
            address = ipaddress.ip_address(client[0] if client else "")
        except ValueError:  # a socket file, or a name
            return False
        return any(address in network for network in self._networks)

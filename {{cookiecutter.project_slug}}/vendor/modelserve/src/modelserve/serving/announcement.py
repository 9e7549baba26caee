"""Tells a person where the service listens and how to stop it, or why it cannot listen."""

import socket
import sys
from collections.abc import Sequence

import uvicorn

from ..errors import ConfigurationError
from ..settings import Settings

# What a server listens on for every address; a browser cannot open it.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104


class AnnouncingServer(uvicorn.Server):
    """uvicorn's server, which says where it listens as soon as it does.

    Args:
        config: uvicorn's.
        settings: of the service.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        """Start nothing yet."""
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so.

        Raises:
            ConfigurationError: the port is taken, or the host is not one of this machine's.
        """
        try:
            await super().startup(sockets)
        except SystemExit as error:
            if self.lifespan.should_exit:  # the application did not start
                raise
            raise cannot_listen(self.config) from error
        if self.started:
            announce(self._settings, self.servers[0].sockets)


def bind(config: uvicorn.Config) -> socket.socket:
    """Return a socket for several processes.

    Raises:
        ConfigurationError: the port is taken, or the host is not one of this machine's.
    """
    try:
        return config.bind_socket()
    except SystemExit as error:
        raise cannot_listen(config) from error


def cannot_listen(config: uvicorn.Config) -> ConfigurationError:
    """Return the error of a server whose reason uvicorn has logged before it exits."""
    reason = _try_to_bind(config.host, config.port) or "it was in use"
    return ConfigurationError(
        f"The service cannot listen on port {config.port} of {config.host}: {reason}. "
        "Choose another by --port or --host."
    )


def _try_to_bind(host: str, port: int) -> str:
    """Return why nothing can listen there; empty if something can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def announce(settings: Settings, listeners: Sequence[socket.socket]) -> None:
    """Print the service's addresses, unless the output is for machines.

    Args:
        settings: `host` is shown; `docs` and `root_path` say what there is to open.
        listeners: the open sockets; the first one's port is shown.
    """
    if settings.log_profile != "plain" or sys.stdout is None or not sys.stdout.isatty():
        return
    port: int = listeners[0].getsockname()[1]
    sys.stdout.write(describe(settings, port))
    sys.stdout.flush()


def describe(settings: Settings, port: int) -> str:
    """Return the lines that a person is shown, with a line end each."""
    host = LOOPBACK.get(settings.host, settings.host)
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{port}{settings.root_path}"
    places = (
        {"Try the model": f"{url}/", "Read the API": f"{url}/docs"}
        if settings.docs
        else {"Send requests": f"{url}{settings.predict_route}"}
    )
    lines = [*places.items(), ("Stop the service", "Ctrl+C")]
    return "\n".join(["", *(f"  {name + ':':<18}{value}" for name, value in lines), "", ""])

"""The server process: uvicorn with the service's options."""

import os
import sys
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from ..errors import ConfigurationError
from ..project import Project
from ..settings import Settings
from .announcement import AnnouncingServer, bind
from .app import check
from .connection_limits import ConnectionLimits, connection_limit
from .http_connection import HttpConnection
from .metric_families import SHARED
from .reloading.hang_up import install_early
from .shared_folder import shared_folder
from .worker_processes import WorkerConfig, WorkerSupervisor


def run(project: Project) -> None:
    """Serve until a signal stops it; requests under way are answered first.

    Each process creates its application by `create_app` in the project's service.py.

    Raises:
        ServiceError: the settings, a file that they name, or the model cannot be used.
    """
    install_early()
    check_shared_folder()
    settings = project.load_settings()
    options = uvicorn_options(settings)
    if settings.workers == 1:
        with shared_folder() if SHARED in os.environ else nullcontext():
            serve(AnnouncingServer(uvicorn.Config(project.create_app(), **options), settings))
        return
    # uvicorn restarts a worker that cannot start, forever: check everything first.
    check(project.service_class(settings))
    project.configure_logging(settings)  # for lines about workers that end or do not start
    config = WorkerConfig(project, workers=settings.workers, **options)
    with shared_folder():
        WorkerSupervisor(config, [bind(config)], settings).run()


def serve(server: uvicorn.Server) -> None:
    """Run a server until a signal stops it, as `uvicorn.run` does.

    Raises:
        SystemExit: the server did not start.
    """
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options for every process of the service."""
    limits = ConnectionLimits(
        limit=connection_limit(settings.max_concurrency),
        patience_s=settings.body_timeout_s,
        body_bytes=settings.max_body_bytes,
    )
    return {
        "host": settings.host,
        "port": settings.port,
        "http": partial(HttpConnection, limits),
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # the client's address is not used
        "timeout_graceful_shutdown": 8,
    }


def check_shared_folder() -> None:
    """Check the folder that the operator chose for the metrics of several workers.

    Raises:
        ConfigurationError: it is not a writable folder.
    """
    folder = os.environ.get(SHARED)
    usable = folder and Path(folder).is_dir() and os.access(folder, os.W_OK)
    if folder is not None and not usable:
        raise ConfigurationError(f"{SHARED}={folder!r} is no folder that can be written to.")

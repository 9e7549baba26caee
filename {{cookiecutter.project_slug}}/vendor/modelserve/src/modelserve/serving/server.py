"""The server process: uvicorn with the service's options."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from ..errors import ConfigurationError
from ..project import Project
from .app import check
from .metrics_registry import SHARED


def run(project: Project, *, host: str, port: int, workers: int) -> None:
    """Serve until a signal stops it; requests under way are answered first.

    Each process creates its application by `create_app` in the project's service.py.

    Raises:
        ServiceError: the settings, a file that they name, or the model cannot be used.
    """
    check_shared_folder()
    config: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # the client's address is not used
        "timeout_graceful_shutdown": 8,
    }
    if workers == 1:
        uvicorn.run(project.create_app(), **config)
        return
    # uvicorn restarts a worker that cannot start, forever: check everything first.
    check(project.load_settings())
    with shared_series():
        uvicorn.run(
            f"{project.package}.service:create_app", factory=True, workers=workers, **config
        )


def check_shared_folder() -> None:
    """Check the folder that the operator chose for the metrics of several workers.

    Raises:
        ConfigurationError: it is not a writable folder.
    """
    folder = os.environ.get(SHARED)
    usable = folder and Path(folder).is_dir() and os.access(folder, os.W_OK)
    if folder is not None and not usable:
        raise ConfigurationError(f"{SHARED}={folder!r} is no folder that can be written to.")


@contextmanager
def shared_series() -> Iterator[None]:
    """Create a folder for the metrics of all workers, so that each can expose them all.

    Raises:
        ConfigurationError: it cannot be created.
    """
    if SHARED in os.environ:
        yield
        return
    try:
        folder = tempfile.mkdtemp(prefix="metrics-")
    except OSError as error:
        raise ConfigurationError(
            f"Several workers need a folder for their metrics: {error} Set {SHARED} to one."
        ) from error
    os.environ[SHARED] = folder
    try:
        yield
    finally:
        del os.environ[SHARED]
        shutil.rmtree(folder, ignore_errors=True)

"""The server process: uvicorn, set up for this service."""

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
    """Serve until a signal says stop; requests in flight are answered first.

    Each process makes its application by `create_app` in the project's service.py.

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
        "proxy_headers": False,  # who stands behind a proxy is nothing that is asked here
        "timeout_graceful_shutdown": 8,
    }
    if workers == 1:
        uvicorn.run(project.create_app(), **config)
        return
    # A worker that cannot start is started again, for ever: what can be wrong is checked first.
    check(project.load_settings())
    with shared_series():
        uvicorn.run(
            f"{project.package}.service:create_app", factory=True, workers=workers, **config
        )


def check_shared_folder() -> None:
    """Make sure that a folder which the operator has named for the series can be used.

    Raises:
        ConfigurationError: it cannot.
    """
    folder = os.environ.get(SHARED)
    usable = folder and Path(folder).is_dir() and os.access(folder, os.W_OK)
    if folder is not None and not usable:
        raise ConfigurationError(f"{SHARED}={folder!r} is no folder that can be written to.")


@contextmanager
def shared_series() -> Iterator[None]:
    """Give the workers a folder in which each keeps its series, so that any can expose all.

    Raises:
        ConfigurationError: there is no place for it.
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

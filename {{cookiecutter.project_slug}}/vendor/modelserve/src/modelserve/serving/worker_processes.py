"""Worker processes: they end with their parent, and it stops listening before they end."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from ..errors import ServiceError
from ..project import Project
from ..settings import Settings
from .announcement import announce
from .reloading.hang_up import HangUpHandler, install_early, send_hang_up

ENDS_WITHIN_S = 10.0
RETRY_S = 4.0  # uvicorn takes a worker for hung after 5 s without an answer

log = logging.getLogger(__name__)


class WorkerSupervisor(Multiprocess):
    """uvicorn's supervisor, which starts the workers and replaces dead ones.

    Args:
        config: uvicorn's.
        sockets: that the workers share.
        settings: of the service.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], settings: Settings
    ) -> None:
        """Start no worker yet."""
        super().__init__(config, sockets)
        self._settings = settings
        self._announced = self._failed = False
        self._hang_up = HangUpHandler()

    def run(self) -> None:
        """Run until a signal stops it.

        Raises:
            SystemExit: a worker ended before any was ready.
        """
        super().run()
        if self._failed:
            sys.exit(STARTUP_FAILURE)

    def keep_subprocess_alive(self) -> None:
        """Replace dead workers; once the first one answers, say where.

        One that ends before that would end each time: then, all stop.
        """
        if self.should_exit.is_set():
            return
        alive = [each for each in self.processes if each.exitcode is None]
        if not self._announced and any(each.is_ready() for each in alive):
            self._announced = True
            announce(self._settings, self.sockets)
        if not self._announced and len(alive) < len(self.processes):
            log.error("service not started: a worker ended at its start")
            self._failed = True
            self.should_exit.set()
            return
        super().keep_subprocess_alive()

    def handle_hup(self) -> None:
        """Have every worker reload the artifact, where uvicorn would restart the workers."""
        if self._hang_up.terminal_closed():
            self.should_exit.set()
            return
        send_hang_up([each.pid for each in self.processes if each.exitcode is None])

    def terminate_all(self) -> None:
        """Stop listening, so that no client waits for a worker that ends."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


class WorkerConfig(uvicorn.Config):
    """uvicorn's configuration of several workers.

    Args:
        project: the workers' application is its `create_app`.
        options: uvicorn's.
    """

    def __init__(self, project: Project, **options: Any) -> None:
        """Load nothing yet."""
        super().__init__(f"{project.package}.service:create_app", factory=True, **options)
        self._project = project

    def configure_logging(self) -> None:
        """Configure logging; a worker's first call also ties its life to its parent's."""
        super().configure_logging()
        if multiprocessing.parent_process():
            install_early()
            # On SIGTERM, the server answers running requests; then the log is written to its end.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()

    def load(self) -> None:
        """Load the application; a worker that cannot ends with a line, after a while.

        The parent replaces it, again and again, until the artifact or the setting is right. The
        others answer meanwhile, by the model that they have.
        """
        try:
            super().load()
        except ServiceError as error:
            with suppress(ServiceError):  # the settings may be what is wrong
                self._project.configure_logging(self._project.load_settings())
            log.error(
                "worker not started, and tried again",
                extra={"reason": str(error), "seconds": RETRY_S},
            )
            time.sleep(RETRY_S)
            sys.exit(1)  # uvicorn's STARTUP_FAILURE would stop the parent


def _end_with_parent() -> None:
    """Stop this process once its parent is gone, even if it was killed: it holds the port."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ENDS_WITHIN_S)
    os._exit(1)  # pylint: disable=protected-access

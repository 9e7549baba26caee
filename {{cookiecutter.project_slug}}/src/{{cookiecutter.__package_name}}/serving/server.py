"""The server process: uvicorn, set up for this service."""

from typing import Any

import uvicorn

from .. import artifact
from ..settings import load_settings
from .access import load_access
from .app import start


def run(*, host: str, port: int, workers: int) -> None:
    """Serve until a signal says stop; what is under way is answered first.

    Raises:
        ServiceError: the settings, the keys or the model cannot be used.
    """
    config: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 8,
    }
    if workers == 1:
        uvicorn.run(start(), **config)
        return
    # A worker that cannot start is started again, for ever: what can be wrong is checked first.
    settings = load_settings()
    load_access(settings.api_keys_file)
    artifact.load(settings.model_dir)
    uvicorn.run(f"{start.__module__}:start", factory=True, workers=workers, **config)

"""Connect to the MLflow server that MLFLOW_TRACKING_URI names."""

# mlflow takes seconds to import: a process without MLFLOW_TRACKING_URI and MODEL_URI never does.
# pylint: disable=import-outside-toplevel

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import environment
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRACKING_URI = "MLFLOW_TRACKING_URI"
LONGEST = 400  # characters of a server's error in a message
SHOWN = 100  # characters of an address that is refused
NO_ANSWER = "Max retries exceeded"
RETRY = "Retrying ("  # begins urllib3's warning of each try

# The defaults would wait for many minutes, send usage data, and print bars and addresses.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def connect() -> "MlflowClient":
    """Return a client; nothing is sent yet.

    Raises:
        ConfigurationError: the extra `mlflow` is not installed, or the URI names no server.
    """
    if not environment.read(TRACKING_URI):
        raise ConfigurationError(
            f"{TRACKING_URI} is not set: name the MLflow server, such as https://mlflow.example."
        )
    for name, value in DEFAULTS.items():
        environment.set_default(name, value)
    try:
        from mlflow import MlflowClient
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed; MLflow needs the extra `mlflow` of modelserve: "
            "add it in pyproject.toml, as in modelserve[mlflow], then run `uvx nox -s lock` and "
            "`uvx nox -s dev`."
        ) from error
    try:
        return MlflowClient()
    except Exception as error:
        raise ConfigurationError(
            f"{TRACKING_URI} is {server_address()[:SHOWN]}: the extra `mlflow` takes only a "
            "server's address, https://… or http://…. Start one, as by "
            "`mlflow server --backend-store-uri sqlite:///mlflow.db`, or install the whole package "
            "`mlflow`, which opens a database by itself."
        ) from error


@contextmanager
def without_retry_warnings() -> Iterator[None]:
    """Keep what urllib3 logs of this thread's retries out of the log; the error has the reason."""
    thread, logger = threading.get_ident(), logging.getLogger("urllib3.connectionpool")

    def keep(record: logging.LogRecord) -> bool:
        return record.thread != thread or not str(record.msg).startswith(RETRY)

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


def server_address() -> str:
    """Return the server's address for messages, without credentials."""
    return _without_credentials(environment.read(TRACKING_URI))


def server_name() -> str:
    """Return the server's host and path as one part of a file's path."""
    parts = urlsplit(server_address())
    return re.sub(r"[^A-Za-z0-9.-]+", "_", f"{parts.netloc}{parts.path}").strip("_.") or "local"


def describe(error: Exception) -> str:
    """Return an error of MLflow as one short line without credentials."""
    text = " ".join(_without_credentials(f"{error}").split())
    if NO_ANSWER in text:
        text = f"it does not answer: {text.rpartition(': ')[2]}".rstrip("\"')")
    text = text[:LONGEST] or type(error).__name__
    return text if text.endswith(".") else f"{text}."


def _without_credentials(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)

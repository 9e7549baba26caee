"""How the service writes its log: level, format, and destination."""

import logging
from typing import TextIO

from modelserve import make_handler

from .settings import Settings


def configure(settings: Settings) -> "logging.StreamHandler[TextIO]":
    """Send every logger, the project's and its libraries', to one stream in one format.

    LOG_LEVEL sets the least severe level, LOG_PROFILE the format: plain for people; json, gcp or
    aws for machines. LOG_DIR asks for a file per start instead of standard output. A thread writes
    the lines, and an error that repeats is not written in full each time.
    """
    handler = make_handler(settings)
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    return handler

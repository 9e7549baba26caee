"""How the service writes its log: level, format, and destination."""

import logging
from typing import TextIO

from modelserve import make_formatter, open_stream

from .settings import Settings


def configure(settings: Settings) -> "logging.StreamHandler[TextIO]":
    """Send every logger, the project's and its libraries', to one stream in one format.

    LOG_LEVEL sets the least severe level, LOG_PROFILE the format: plain for people; json, gcp or
    aws for machines. LOG_DIR asks for a file per start instead of standard output.
    """
    handler = logging.StreamHandler(open_stream(settings.log_dir))
    handler.setFormatter(make_formatter(settings))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    return handler

"""The HTTP service: the library's, and your hooks. Each has a recipe in docs/make-it-yours.md."""

from typing import TYPE_CHECKING

import modelserve

from . import logs
from .settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Service(modelserve.Service):
    """Override what you need: a hook that is not overridden costs nothing.

    load_model            answer by something else than ONNX Runtime
    preprocess            change rows before the model sees them
    postprocess           change answers before the client sees them
    codecs                further request formats, on the hot path
    routers               further routes: documented, behind the same keys and limits
    observers             own metrics, an own log of finished requests
    """

    settings_class = Settings


def create_app() -> "ASGIApp":
    """Return the ASGI application; each server process calls this once."""
    settings = Settings.load()
    return Service(settings).create_app(logs.configure(settings))

"""One served model with all that answers for it; a hot swap replaces the generation."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from .components import Components
from .lazy_app import forget_endpoints

if TYPE_CHECKING:  # which imports this module
    from .hot_path import Route


class Generation:
    """A served model: a request is answered by the generation that it began with.

    Args:
        app: answers all requests but predictions.
        routes: of predictions, by the path of a request.
        components: of the model.
    """

    def __init__(self, app: ASGIApp, routes: "Mapping[str, Route]", components: Components) -> None:
        """Start with no request in progress."""
        self.app, self.routes, self.components = app, routes, components
        self.requests = 0  # in progress

    def close(self) -> None:
        """Stop the threads, write what is queued, and release what FastAPI keeps."""
        components = self.components
        if components.batcher:
            components.batcher.close()
        components.explainer.close()
        components.log_queue.close()
        forget_endpoints()

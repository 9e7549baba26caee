"""What the platform asks in a way of its own: nothing."""

from starlette.types import ASGIApp

from .hot_path import Route
from .service import Service

ROUTES: tuple[str, ...] = ()  # on which it asks for predictions, as series and log lines call them


def predictions(service: Service) -> dict[str, Route]:
    """Return further paths on which predictions are asked for, and how."""
    del service
    return {}


def around(app: ASGIApp) -> ASGIApp:
    """Return an application that answers what else the platform asks, and passes the rest on."""
    return app

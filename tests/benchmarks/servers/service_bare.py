"""The project's own hot path with its features off: no keys, no metrics, no log line."""

import importlib
import os

service = importlib.import_module(f"{os.environ['BAKED_PACKAGE']}.service").Service
app = service(service.settings_class.load()).create_app()


class NoQueue:
    """Keeps nothing of finished requests."""

    def add(self, _):
        """Drop a request."""

    def close(self):
        """End nothing."""


object.__setattr__(app.components, "log_queue", NoQueue())

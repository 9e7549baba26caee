"""The project's own hot path with its features off: no keys, no metrics, no log line."""

import importlib
import os

package = os.environ["BAKED_PACKAGE"]
settings = importlib.import_module(f"{package}.settings").load_settings()
app = importlib.import_module(f"{package}.serving.app").create_app(settings)


class Forgetful:
    """A journal that keeps nothing."""

    def add(self, _):
        """Forget."""

    def close(self):
        """End nothing."""


object.__setattr__(app.service, "journal", Forgetful())

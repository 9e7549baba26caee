"""The project's service with a model that takes 50 ms, in the threads that it would choose."""

import importlib
import os
import time

module = importlib.import_module(f"{os.environ['BAKED_PACKAGE']}.service")


class Slow:
    """Answers after 50 ms in which the interpreter is free, as ONNX Runtime leaves it."""

    def __init__(self, model):
        """Keep the model."""
        self._model = model

    def run(self, tensors):
        """Wait, then answer."""
        time.sleep(0.05)
        return self._model.run(tensors)


class SlowService(module.Service):
    """The project's service around a slow model."""

    def load_model(self, artifact, *, threads):
        """Return the project's model, slowed down."""
        return Slow(super().load_model(artifact, threads=threads))


app = SlowService(SlowService.settings_class.load()).create_app()

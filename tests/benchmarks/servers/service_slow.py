"""The project's service with a model that takes 50 ms, in the threads that it would choose."""

import importlib
import os
import time

package = os.environ["BAKED_PACKAGE"]
runtime = importlib.import_module(f"{package}.serving.runtime").Runtime
quick = runtime.run


def slow(self, feeds):
    """Answer after 50 ms in which the interpreter is free, as ONNX Runtime leaves it."""
    time.sleep(0.05)
    return quick(self, feeds)


runtime.run = slow
app = importlib.import_module(f"{package}.serving.app").start()

"""Lets the event loop go before the threads that compute, where the system can tell them apart."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

NICENESS = 5  # of the threads that compute, beside the loop's 0

Result = TypeVar("Result")


def lower_priority() -> None:
    """Let threads of normal priority go before this one, and before those that it starts.

    While a model computes on all processors, a health check would wait for a processor. On Linux
    each thread has a priority of its own; elsewhere nothing is done.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def call_with_low_priority(function: Callable[[], Result]) -> Result:
    """Return what a function returns, called in a thread of low priority."""
    with ThreadPoolExecutor(1, initializer=lower_priority) as pool:
        return pool.submit(function).result()

"""Threads that compute yield to the event loop's."""

import os
import sys
import threading

import pytest
from modelserve.serving import thread_priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority here")


def niceness() -> int:
    """Return the current thread's niceness."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_function_runs_in_a_thread_that_yields_and_returns_its_result() -> None:
    before = niceness()
    assert thread_priority.call_with_low_priority(niceness) == thread_priority.NICENESS
    assert niceness() == before


def test_threads_that_such_a_thread_starts_yield_as_well() -> None:
    found = []

    def start() -> None:
        inner = threading.Thread(target=lambda: found.append(niceness()))
        inner.start()
        inner.join()

    thread_priority.call_with_low_priority(start)
    assert found == [thread_priority.NICENESS]


def test_an_error_is_raised_to_the_caller() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        thread_priority.call_with_low_priority(fail)


def test_a_system_that_forbids_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbid)
    assert thread_priority.call_with_low_priority(lambda: 5) == 5

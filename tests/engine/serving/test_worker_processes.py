"""A worker that cannot start says why in one line, and is tried again."""

import signal
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from modelserve.errors import ArtifactError, ConfigurationError
from modelserve.serving import worker_processes
from modelserve.serving.worker_processes import RETRY_S, WorkerConfig, WorkerSupervisor
from modelserve.settings import Settings
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS

REASON = "model.onnx does not match its manifest."


class BrokenProject:
    """A project whose artifact was replaced by a broken one."""

    package = "broken"

    def load_settings(self) -> None:
        """Fail: a setting may be wrong as well."""
        raise ConfigurationError("PORT is no number.")

    def configure_logging(self, settings: None) -> None:
        """Configure nothing."""

    def create_app(self) -> None:
        """Fail."""
        raise ArtifactError(REASON)


def test_a_worker_without_a_model_ends_with_one_line_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project: Any = BrokenProject()
    service = ModuleType("broken.service")
    vars(service)["create_app"] = project.create_app
    monkeypatch.setitem(sys.modules, "broken.service", service)
    pauses: list[float] = []
    monkeypatch.setattr(worker_processes.time, "sleep", pauses.append)
    with pytest.raises(SystemExit) as ended:
        WorkerConfig(project, workers=2, log_config=None).load()
    assert ended.value.code not in (0, STARTUP_FAILURE)
    assert pauses == [RETRY_S]
    (record,) = caplog.records
    assert record.getMessage() == "worker not started, and tried again"
    assert (vars(record)["reason"], record.exc_info) == (REASON, None)


class FakeWorker:
    """A worker process that is ready, or has ended.

    Args:
        exitcode: None while it runs.
        ready: whether it answers.
    """

    def __init__(self, exitcode: int | None, *, ready: bool) -> None:
        self.exitcode, self._ready = exitcode, ready

    def is_ready(self) -> bool:
        """Return whether it answers."""
        assert self.exitcode is None, "nobody would answer this"
        return self._ready


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerSupervisor]:
    """Return a supervisor that replaces no worker, and looks at them once."""
    handlers = {each: signal.getsignal(each) for each in SIGNALS}
    project: Any = BrokenProject()
    made = WorkerSupervisor(WorkerConfig(project, workers=2, log_config=None), [], Settings())
    monkeypatch.setattr(Multiprocess, "keep_subprocess_alive", lambda self: None)
    monkeypatch.setattr(Multiprocess, "run", lambda self: self.keep_subprocess_alive())
    yield made
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.parametrize("code", [1, STARTUP_FAILURE, -9])
def test_a_worker_that_ends_before_any_is_ready_ends_the_service(
    supervisor: WorkerSupervisor, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    workers: Any = [FakeWorker(None, ready=False), FakeWorker(code, ready=False)]
    supervisor.processes = workers
    with pytest.raises(SystemExit) as ended:
        supervisor.run()
    assert ended.value.code == STARTUP_FAILURE
    assert supervisor.should_exit.is_set()
    assert caplog.messages == ["service not started: a worker ended at its start"]


def test_a_worker_that_ends_while_another_is_ready_is_replaced(
    supervisor: WorkerSupervisor, caplog: pytest.LogCaptureFixture
) -> None:
    workers: Any = [FakeWorker(None, ready=True), FakeWorker(1, ready=False)]
    for supervisor.processes in (workers, workers[1:]):
        supervisor.run()
    assert not supervisor.should_exit.is_set()
    assert not caplog.messages

"""A worker that cannot start says why in one line, and is tried again."""

import sys
from types import ModuleType
from typing import Any

import pytest
from modelserve.errors import ArtifactError, ConfigurationError
from modelserve.serving import worker_processes
from modelserve.serving.worker_processes import RETRY_S, WorkerConfig
from uvicorn.config import STARTUP_FAILURE

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

"""Record a training run, however it ends, and never stop one."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import artifact, environment
from ..artifact import Artifact
from ..errors import (
    ArtifactError,
    GateError,
    InvalidInputError,
    OutputError,
    ParityError,
    RejectedModelError,
)
from ..manifest import Manifest
from ..project import Project
from ..provenance import git_state
from .run_history import RUNS, append_run
from .run_record import GateRecord, RunData, RunRecord, Status

if TYPE_CHECKING:  # training is not installed where the model is served
    from ..training.config import Config
    from ..training.gate import GateResult

REFUSALS = (GateError, OutputError, ParityError, RejectedModelError)
LONGEST = 2_000  # characters of a reason
MAX_PROBLEMS = 10  # of the data of a run


class RunRecorder:
    """What is known of a run while it runs.

    Args:
        project: that is trained.
        config: of the run.
        output: the artifact's folder; the history lies beside it.
        command: that trains.
    """

    def __init__(self, project: Project, config: "Config", output: Path, command: str) -> None:
        """Note the time and the state of the repository, which may change during the run."""
        self.id = secrets.token_hex(4)
        self.file = output.parent / RUNS
        self.artifact: Artifact | None = None
        self._started, self._clock = datetime.now(UTC), time.monotonic()
        self._project, self._config = project, config
        self._output, self._command = output, command
        self._git = git_state(project.root)
        self._manifest: Manifest | None = None
        self._results: Sequence[GateResult] = ()

    def note_evaluation(
        self, manifest: Manifest, results: "Sequence[GateResult]", config: "Config"
    ) -> None:
        """Keep what was measured, whether or not the model passes; for `Reporter.evaluated`."""
        self._manifest, self._results, self._config = manifest, results, config

    def finish(self, written: Artifact) -> None:
        """Keep the artifact of a run that succeeded."""
        self.artifact, self._manifest = written, written.manifest

    def record(self, status: Status, reasons: Sequence[str] = ()) -> RunRecord:
        """Return the run as the history keeps it."""
        manifest = self._manifest
        fields: dict[str, Any] = {} if manifest is None else _describe(manifest)
        if self.artifact:
            fields["artifact"] = self._output.name
            fields["manifest_sha256"] = artifact.sha256(self._output / artifact.MANIFEST)
        return RunRecord(
            id=self.id,
            command=self._command,
            status=status,
            started=self._started.replace(microsecond=0),
            duration_s=round(time.monotonic() - self._clock, 3),
            name=self._project.name,
            reasons=tuple(each[:LONGEST] for each in reasons),
            git_commit=self._git.commit,
            dirty=self._git.dirty,
            seed=self._config.seed,
            parameters=parameters_of(self._config),
            gate=tuple(
                GateRecord(
                    **each._asdict() | {"value": each.value if isfinite(each.value) else None}
                )
                for each in self._results
            ),
            **{"data": RunData(source=self._config.data.source)} | fields,
        )


def _describe(manifest: Manifest) -> dict[str, Any]:
    """Return what the history and the manifest have in common."""
    origin = manifest.provenance
    return {
        "version": manifest.version,
        "search": {name: origin[name] for name in ("search", "search_values") if name in origin},
        "data": RunData(**manifest.data.model_dump()),
        "metrics": {name: each for name, each in manifest.metrics.items() if isfinite(each)},
        "intervals": {
            name: ends for name, ends in manifest.intervals.items() if all(map(isfinite, ends))
        },
        "lower_is_better": manifest.lower_is_better,
        "libraries": manifest.libraries,
        "lock_sha256": manifest.lock_sha256,
    }


def parameters_of(config: "Config") -> dict[str, Any]:
    """Return the keys of `[model]` and `[split]`, such as "model.C"."""
    tables = config.model_dump(mode="json", include={"model", "split"})
    return dict(_flatten(tables, ""))


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@contextmanager
def record_run(
    project: Project,
    config: "Config",
    output: Path,
    *,
    command: str,
    warn: Callable[[str], None],
) -> Iterator[RunRecorder]:
    """Record the training that runs within; its errors pass, and ours are only warnings.

    Args:
        project: that is trained.
        config: of the run.
        output: the artifact's folder.
        command: that trains.
        warn: is given why a run could not be recorded.
    """
    recorder = RunRecorder(project, config, output, command)
    try:
        yield recorder
    except REFUSALS as error:
        reasons = error.reasons if isinstance(error, RejectedModelError) else (error,)
        _keep(recorder, "refused", list(map(str, reasons)), warn)
        raise
    except KeyboardInterrupt:
        _keep(recorder, "interrupted", [], warn)
        raise
    except Exception as error:
        _keep(recorder, "failed", list(_reasons_of(error)), warn)
        raise
    _keep(recorder, "finished", [], warn)


def _reasons_of(error: Exception) -> Iterator[str]:
    """Yield the error that ended a run, and the problems that it lists."""
    yield f"{type(error).__name__}: {error}"
    if isinstance(error, InvalidInputError):
        yield from (each.line for each in error.errors[:MAX_PROBLEMS])
        if more := len(error.errors[MAX_PROBLEMS:]):
            yield f"and {more} more"


def _keep(
    recorder: RunRecorder, status: Status, reasons: Sequence[str], warn: Callable[[str], None]
) -> None:
    try:
        record = recorder.record(status, reasons)
        append_run(recorder.file, record)
    except (ArtifactError, OSError, ValueError) as error:
        warn(f"The run is not in {recorder.file}: {error}. The training itself is not affected.")
        return
    if environment.read("MLFLOW_TRACKING_URI") and record.metrics:
        from .mlflow_runs import send_run  # pylint: disable=import-outside-toplevel

        send_run(record, recorder.artifact, history=recorder.file, warn=warn)

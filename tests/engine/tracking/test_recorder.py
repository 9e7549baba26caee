"""Every run is recorded, however it ends, and recording stops none."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project
from modelserve.artifact import MANIFEST, Artifact, sha256
from modelserve.errors import (
    FieldError,
    GateError,
    InvalidInputError,
    ParityError,
    RejectedModelError,
)
from modelserve.tracking.recorder import RunRecorder, record_run
from modelserve.tracking.run_history import read_runs
from modelserve.tracking.run_record import RunRecord
from modelserve.training.config import Config
from modelserve.training.gate import GateResult


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


class Recording:
    """Runs that end in different ways, and what was recorded of them."""

    def __init__(self, project: Project, config: Config, folder: Path) -> None:
        self.project, self.config, self.folder = project, config, folder
        self.warnings: list[str] = []

    def run(self, *, error: BaseException | None = None, **evaluated: Any) -> None:
        """Record a run that is evaluated, if anything of that is given, and that ends so."""
        output = self.folder / "candidate"
        with record_run(
            self.project, self.config, output, command="train", warn=self.warnings.append
        ) as recorder:
            if evaluated:
                recorder.note_evaluation(**{"results": [], "config": self.config} | evaluated)
            if error:
                raise error

    @property
    def latest(self) -> RunRecord:
        """Return the record of the last run."""
        return read_runs(self.folder / "runs.jsonl", self.warnings.append)[-1]


@pytest.fixture
def recording(project: Project, config: Config, tmp_path: Path) -> Recording:
    """Return a way to record runs of the project."""
    return Recording(project, config, tmp_path)


@pytest.mark.parametrize(
    ("error", "status", "reasons"),
    [
        pytest.param(GateError("missed"), "refused", ("missed",), id="gate"),
        pytest.param(
            RejectedModelError([GateError("missed"), ParityError("differs")]),
            "refused",
            ("missed", "differs"),
            id="several reasons",
        ),
        pytest.param(
            InvalidInputError([]),
            "failed",
            ("InvalidInputError: The input has 0 problems.",),
            id="data",
        ),
        pytest.param(
            InvalidInputError([FieldError("/target", "missing in row 3"), FieldError("", "empty")]),
            "failed",
            (
                "InvalidInputError: The input has 2 problems.",
                "/target: missing in row 3",
                "empty",
            ),
            id="data-problems",
        ),
        pytest.param(
            InvalidInputError([FieldError(f"/{each}", "odd") for each in range(12)]),
            "failed",
            (
                "InvalidInputError: The input has 12 problems.",
                *(f"/{each}: odd" for each in range(10)),
                "and 2 more",
            ),
            id="many-data-problems",
        ),
        pytest.param(
            RuntimeError("of model.py"), "failed", ("RuntimeError: of model.py",), id="own"
        ),
        pytest.param(KeyboardInterrupt(), "interrupted", (), id="Ctrl+C"),
        pytest.param(ValueError("x" * 9_999), "failed", ("ValueError: " + "x" * 1_988,), id="long"),
    ],
)
def test_a_run_that_fails_is_recorded_and_fails(
    recording: Recording, error: BaseException, status: str, reasons: tuple[str, ...]
) -> None:
    with pytest.raises(type(error)):
        recording.run(error=error)
    latest = recording.latest
    assert (latest.status, latest.reasons, latest.artifact) == (status, reasons, None)
    assert latest.data.source == recording.config.data.source
    assert recording.warnings == []


def test_a_refused_run_keeps_its_metrics_and_the_gate(
    recording: Recording, trained: Artifact
) -> None:
    missed = GateResult("roc_auc", float("nan"), ">= 0.6", False, "one label")
    with pytest.raises(GateError):
        recording.run(error=GateError("no"), manifest=trained.manifest, results=[missed])
    latest, manifest = recording.latest, trained.manifest
    assert latest.metrics == manifest.metrics
    assert latest.intervals == manifest.intervals
    assert latest.data.sha256 == manifest.data.sha256
    assert latest.gate[0].value is None
    assert latest.gate[0].reason == "one label"
    assert latest.manifest_sha256 is None


def test_a_finished_run_names_its_artifact(
    project: Project, config: Config, trained: Artifact
) -> None:
    recorder = RunRecorder(project, config, trained.folder, "train")
    recorder.finish(trained)
    record = recorder.record("finished")
    assert record.artifact == trained.folder.name
    assert record.manifest_sha256 == sha256(trained.folder / MANIFEST)
    assert record.lock_sha256 == trained.manifest.lock_sha256
    assert record.libraries == trained.manifest.libraries
    assert record.parameters["split.test_size"] == config.split.test_size
    assert {name for name in record.parameters if name.startswith("model.")}


def test_parameters_are_those_that_a_search_chose(
    recording: Recording, trained: Artifact, config: Config
) -> None:
    chosen = config.model_copy(update={"model": config.model.model_copy(update={"C": 0.5})})
    manifest = trained.manifest.model_copy(
        update={"provenance": {"search": "log_loss 0.1", "search_values": "C = 0.5", "a": "b"}}
    )
    recording.run(manifest=manifest, config=chosen)
    assert recording.latest.parameters["model.C"] == 0.5
    assert recording.latest.search == {"search": "log_loss 0.1", "search_values": "C = 0.5"}


def test_a_history_that_cannot_be_written_is_a_warning(recording: Recording) -> None:
    (recording.folder / "runs.jsonl").mkdir()
    recording.run()
    with pytest.raises(GateError):
        recording.run(error=GateError("the error of the training"))
    assert len(recording.warnings) == 2
    assert "The training itself is not affected" in recording.warnings[0]


def test_changes_that_no_commit_has_are_recorded(
    recording: Recording, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "model.py").write_text("", encoding="utf-8")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for words in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    project = recording.project.at(tmp_path)
    before = RunRecorder(project, config, tmp_path / "model", "train").record("finished")
    (tmp_path / "src" / "model.py").write_text("1", encoding="utf-8")
    after = RunRecorder(project, config, tmp_path / "model", "train").record("finished")
    assert (before.dirty, after.dirty) == (False, True)
    assert before.git_commit == after.git_commit is not None


def test_two_runs_have_different_ids(project: Project, config: Config, tmp_path: Path) -> None:
    ids = {RunRecorder(project, config, tmp_path / "model", "train").id for _ in range(3)}
    assert len(ids) == 3

"""What the tests of run history and MLflow share: records, and a client without a server."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from modelserve.tracking.run_record import RunData, RunRecord

MakeRecord = Callable[..., RunRecord]


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a way to records that differ from one of a finished run."""

    def make(**changes: Any) -> RunRecord:
        fields = {
            "id": "3f2a91bc",
            "command": "train",
            "status": "finished",
            "started": datetime(2026, 11, 29, 10, 0, tzinfo=UTC),
            "duration_s": 1.5,
            "name": "iris-model",
            "version": "0.1.0-6e1b4147",
            "seed": 42,
            "parameters": {"model.C": 1.0},
            "data": RunData(source="iris.csv", sha256="a" * 64, training_rows=120, test_rows=30),
            "metrics": {"accuracy": 0.9, "log_loss": 0.2},
            "intervals": {"accuracy": (0.8, 1.0)},
        }
        return RunRecord(**fields | changes)

    return make


class FakeClient:
    """Keeps what MLflow's client is asked to do; `broken` names calls that fail."""

    def __init__(self) -> None:
        self.broken: dict[str, Exception] = {}
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.experiments: dict[str, str] = {}
        self.versions: list[Any] = []
        self.aliases: dict[str, str] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.calls.append((name, given, named))
            if name in self.broken:
                raise self.broken[name]
            answer = getattr(type(self), f"answer_{name}", None)
            return answer(self, *given, **named) if answer else None

        return call

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of a name."""
        return [given for called, given, _ in self.calls if called == name]

    def answer_get_experiment_by_name(self, name: str) -> Any:
        """Return an experiment that exists."""
        known = self.experiments.get(name)
        return SimpleNamespace(experiment_id=known) if known else None

    def answer_create_experiment(self, name: str) -> str:
        """Return the id of a new experiment."""
        return self.experiments.setdefault(name, "7")

    def answer_create_run(self, *_: Any) -> Any:
        """Return a new run."""
        return SimpleNamespace(info=SimpleNamespace(run_id="run"))

    def answer_get_run(self, _: str) -> Any:
        """Return a run with its folder."""
        return SimpleNamespace(info=SimpleNamespace(artifact_uri="mlflow-artifacts:/7/run/"))

    def answer_search_runs(self, *_: Any, **__: Any) -> list[Any]:
        """Return no run."""
        return []

    def answer_create_model_version(self, name: str, source: str, *_: Any, **__: Any) -> Any:
        """Return a new version."""
        number = str(len(self.versions) + 1)
        self.versions.append(SimpleNamespace(name=name, version=number, source=source, tags={}))
        return self.versions[-1]

    def answer_search_model_versions(self, _: str) -> list[Any]:
        """Return all versions."""
        return self.versions

    def answer_get_registered_model(self, _: str) -> Any:
        """Return the model's aliases."""
        return SimpleNamespace(aliases=self.aliases)

    def answer_get_model_version(self, _: str, number: str) -> Any:
        """Return a version by its number."""
        return next(each for each in self.versions if each.version == number)

    def answer_get_model_version_by_alias(self, name: str, alias: str) -> Any:
        """Return a version by its alias."""
        return self.answer_get_model_version(name, self.aliases[alias])


@pytest.fixture
def client() -> FakeClient:
    """Return a client without a server."""
    return FakeClient()


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Return where a history may be written."""
    return tmp_path / "runs.jsonl"


@pytest.fixture
def warnings() -> list[str]:
    """Return the list that keeps warnings."""
    return []

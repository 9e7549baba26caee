"""A run is sent as a whole, its artifact is registered, and errors are warnings."""

from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import MANIFEST, Artifact
from modelserve.tracking import mlflow_runs
from modelserve.tracking.mlflow_runs import COMPLETE_TAG, log_run, send_run
from modelserve.tracking.run_record import RunData

from tests.engine.tracking.conftest import FakeClient, MakeRecord

exceptions = pytest.importorskip("mlflow.exceptions")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)


def logged(client: Any, kind: str) -> dict[str, Any]:
    """Return the metrics, or the parameters, that were logged."""
    batches = [
        named[kind] for name, _, named in client.calls if name == "log_batch" and kind in named
    ]
    assert all(0 < len(each) <= 100 for each in batches)
    return {each.key: each.value for batch in batches for each in batch}


def test_metrics_intervals_and_parameters_are_logged(client: Any, make_record: MakeRecord) -> None:
    record = make_record(
        metrics={"accuracy": 0.9, "recall:a/b ü": 0.5},
        parameters={"model.C": 1.0, "model.l1": None, "split.by": "random", "model.x": "y" * 9_000},
    )
    assert log_run(client, record, None) is None
    assert logged(client, "metrics") == {
        "accuracy": 0.9,
        "recall.a_b ü": 0.5,
        "accuracy.interval_low": 0.8,
        "accuracy.interval_high": 1.0,
    }
    parameters = logged(client, "params")
    assert (parameters["model.C"], parameters["model.l1"]) == ("1.0", "null")
    assert (parameters["split.by"], parameters["seed"]) == ("random", "42")
    assert len(parameters["model.x"]) == 5_000
    ((run_id, state, _),) = client.asked("set_terminated")
    assert (run_id, state) == ("run", "FINISHED")
    assert ("run", COMPLETE_TAG, record.id) in client.asked("set_tag")


def test_many_parameters_are_sent_in_batches(client: Any, make_record: MakeRecord) -> None:
    log_run(client, make_record(parameters={f"model.p{i}": i for i in range(250)}), None)
    assert len(logged(client, "params")) == 251


def test_an_artifact_becomes_the_challenger(
    client: Any, make_record: MakeRecord, trained: Artifact
) -> None:
    record = make_record(manifest_sha256="b" * 64, git_commit="c" * 40)
    assert log_run(client, record, trained) == "1"
    sent = {Path(path).name for _, path, _ in client.asked("log_artifact")}
    assert sent == {*trained.manifest.files, MANIFEST}
    ((name, source, run_id, tags),) = client.asked("create_model_version")
    assert (name, run_id) == ("iris-model", "run")
    assert source == "mlflow-artifacts:/7/run/model"
    assert (tags["manifest_sha256"], tags["data_sha256"]) == ("b" * 64, "a" * 64)
    assert client.asked("set_registered_model_alias") == [("iris-model", "challenger", "1")]


def test_a_model_that_is_registered_gets_another_version(
    client: Any, make_record: MakeRecord, trained: Artifact
) -> None:
    client.broken["create_registered_model"] = exceptions.MlflowException(
        "it exists", error_code=exceptions.RESOURCE_ALREADY_EXISTS
    )
    assert log_run(client, make_record(), trained) == "1"
    client.broken["create_registered_model"] = exceptions.MlflowException("denied")
    with pytest.raises(exceptions.MlflowException, match="denied"):
        log_run(client, make_record(), trained)


def test_a_refused_run_is_failed_and_has_no_version(client: Any, make_record: MakeRecord) -> None:
    log_run(client, make_record(status="refused", reasons=("missed", "/y: odd")), None)
    ((_, state, _),) = client.asked("set_terminated")
    assert state == "FAILED"
    ((_, _, tags, _),) = client.asked("create_run")
    assert (tags["status"], tags["reasons"]) == ("refused", "missed; /y: odd")
    assert client.asked("create_model_version") == []


def test_tags_that_are_unknown_are_left_out(client: Any, make_record: MakeRecord) -> None:
    log_run(client, make_record(version=None, data=RunData(source="iris.csv")), None)
    ((_, _, tags, name),) = client.asked("create_run")
    assert {"data_sha256", "git_dirty", "model_version"}.isdisjoint(tags)
    assert name == "iris-model 3f2a91bc"


def test_two_trainings_may_make_the_experiment(client: Any, make_record: MakeRecord) -> None:
    client.broken["create_experiment"] = exceptions.MlflowException("it exists")
    with pytest.raises(exceptions.MlflowException):
        log_run(client, make_record(), None)

    class Racing(FakeClient):
        """Another training creates the experiment first."""

        def answer_get_experiment_by_name(self, name: str) -> Any:
            """Return it from the second time on."""
            if len(self.asked("get_experiment_by_name")) > 1:
                self.experiments[name] = "9"
            return super().answer_get_experiment_by_name(name)

    racing: Any = Racing()
    racing.broken.update(client.broken)
    log_run(racing, make_record(), None)
    assert racing.asked("create_run")[0][0] == "9"


@pytest.mark.parametrize("broken", ["get_experiment_by_name", "log_batch", "create_model_version"])
def test_a_server_that_fails_is_a_warning_with_the_way_out(
    client: FakeClient,
    make_record: MakeRecord,
    trained: Artifact,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    monkeypatch.setattr(mlflow_runs, "connect", lambda: client)
    client.broken = {broken: RuntimeError("gone"), "set_terminated": RuntimeError("gone as well")}
    history = Path("runs.jsonl")
    assert send_run(make_record(), trained, history=history, warn=warnings.append) is None
    (warning,) = warnings
    assert "3f2a91bc is not in MLflow at http://mlflow.example: gone." in warning
    assert "`runs 3f2a91bc --push`" in warning
    assert client.asked("set_tag") == []

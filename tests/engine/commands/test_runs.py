"""`runs` lists, shows and compares what `train` and `import-onnx` recorded."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import MANIFEST, Artifact, sha256
from modelserve.training.config import Config

from tests.engine.commands.run import Command, one_line

HISTORY = Path("runs.jsonl")


def history() -> list[dict[str, Any]]:
    """Return the recorded runs."""
    return [json.loads(line) for line in HISTORY.read_text(encoding="utf-8").splitlines()]


def test_a_training_is_recorded_beside_its_artifact(
    command: Command, training_toml: Path, config: Config
) -> None:
    done = command("train", "--config", training_toml, "--output", "made/model")
    line = Path("made", "runs.jsonl").read_text(encoding="utf-8")
    run = json.loads(line)
    assert f"run {run['id']}" in done.rows
    assert (run["command"], run["status"], run["artifact"]) == ("train", "finished", "model")
    assert run["manifest_sha256"] == sha256(Path("made", "model", MANIFEST))
    assert run["data"]["source"] == config.data.source
    assert run["duration_s"] > 0
    assert run["parameters"]["split.test_size"] == config.split.test_size
    assert not HISTORY.exists()


def test_an_imported_graph_is_recorded(
    command: Command, trained: Artifact, training_toml: Path
) -> None:
    labels = ",".join(trained.manifest.labels)
    command("import-onnx", trained.model, "--config", training_toml, "--labels", labels)
    (run,) = history()
    assert (run["command"], run["status"]) == ("import-onnx", "finished")


def test_a_refused_run_is_recorded_with_its_metrics(
    command: Command, with_gate: Callable[[str], Path]
) -> None:
    assert command("train", "--config", with_gate("accuracy = 1.5")).code == 1
    (run,) = history()
    assert (run["status"], run["artifact"], run["manifest_sha256"]) == ("refused", None, None)
    assert 0 < run["metrics"]["accuracy"] <= 1
    assert run["intervals"]["accuracy"]
    assert "accuracy is" in run["reasons"][0]
    (bound,) = run["gate"]
    assert (bound["bound"], bound["passed"]) == (">= 1.5", False)
    assert run["data"]["sha256"]
    shown = command("runs", run["id"][:4])
    assert "status refused" in shown.rows
    assert any(row.startswith("accuracy") and "missed" in row for row in shown.rows)


def test_data_that_cannot_be_read_are_a_failed_run(
    command: Command, with_gate: Callable[[str], Path]
) -> None:
    path = with_gate("accuracy = 0.5")
    text = path.read_text(encoding="utf-8").replace("iris.csv", "none.csv")
    path.write_text(text, encoding="utf-8")
    assert command("train", "--config", path).code == 2
    (run,) = history()
    assert (run["status"], run["metrics"]) == ("failed", {})
    assert command("runs").code == 0


def test_a_history_that_cannot_be_written_stops_no_training(
    command: Command, training_toml: Path
) -> None:
    HISTORY.mkdir()
    done = command("train", "--config", training_toml)
    assert done.code == 0
    assert "warning: The run is not in runs.jsonl" in done.out
    assert Path("model", MANIFEST).is_file()


@pytest.fixture
def two_runs(command: Command, with_gate: Callable[[str], Path]) -> list[dict[str, Any]]:
    """Return the records of two trainings with different options."""
    path = with_gate("accuracy = 0.1")
    text = path.read_text(encoding="utf-8")
    for strength in ("1.0", "0.01"):
        path.write_text(f"{text}\n[model]\nC = {strength}\n", encoding="utf-8")
        assert command("train", "--config", path).code == 0
    return history()


def test_runs_are_listed_compared_and_printed(
    command: Command, two_runs: list[dict[str, Any]]
) -> None:
    first, second = two_runs
    listed = command("runs")
    lines = [line for line in listed.out.splitlines() if "finished" in line]
    assert [line.split()[1] for line in lines] == [second["id"], first["id"]]
    assert f"accuracy {second['metrics']['accuracy']:.4f}" in lines[0]
    assert first["id"] not in command("runs", "--latest", "1").out

    compared = command("runs", first["id"], second["id"])
    assert f"run {first['id']} {second['id']}" in " ".join(compared.out.replace("┃", " ").split())
    assert "model.C 1.0 0.01" in compared.rows
    loss, other = (each["metrics"]["log_loss"] for each in two_runs)
    assert loss < other
    assert f"log_loss {loss:.4f} * {other:.4f}" in compared.rows
    assert "seed" not in compared.out

    printed = command("runs", second["id"], "--json")
    assert json.loads(one_line(printed.out)) == second
    lines = command("runs", "--json").out.splitlines()
    assert [json.loads(line) for line in lines] == two_runs


def test_runs_on_other_data_are_compared_with_a_warning(
    command: Command, two_runs: list[dict[str, Any]]
) -> None:
    two_runs[0]["data"]["sha256"] = "0" * 64
    text = "".join(json.dumps(each) + "\n" for each in two_runs)
    HISTORY.write_text(text, encoding="utf-8")
    done = command("runs", *(each["id"] for each in two_runs))
    assert done.code == 0
    assert "other data" in one_line(done.err)


def test_a_damaged_line_is_a_warning_on_stderr(command: Command) -> None:
    HISTORY.write_text("{\n", encoding="utf-8")
    done = command("runs", "--json")
    assert (done.code, done.out) == (0, "")
    assert "line 1 is skipped" in one_line(done.err)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(("--file", "none.jsonl"), "There is no none.jsonl", id="no file"),
        pytest.param(("abc",), "There is no run 'abc'", id="no run"),
        pytest.param(("--push",), "Name the runs to send", id="nothing to push"),
    ],
)
def test_mistakes_are_one_line(
    command: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    HISTORY.write_text("", encoding="utf-8")
    done = command("runs", *arguments)
    assert done.code == 2
    assert complaint in one_line(done.err)


def test_a_push_without_a_server_is_refused(
    command: Command, two_runs: list[dict[str, Any]]
) -> None:
    done = command("runs", two_runs[0]["id"], "--push")
    assert done.code == 2
    assert "MLFLOW_TRACKING_URI is not set" in one_line(done.err)


def test_a_training_without_the_extra_warns_and_keeps_the_run(
    command: Command, training_toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    os.environ["MLFLOW_TRACKING_URI"] = "http://mlflow.example"
    done = command("train", "--config", training_toml)
    assert done.code == 0
    assert "modelserve[mlflow]" in done.out
    assert f"`runs {history()[0]['id']} --push`" in done.out


def test_a_mark_is_explained_only_where_there_is_one(
    command: Command, two_runs: list[dict[str, Any]]
) -> None:
    ids = [each["id"] for each in two_runs]
    assert "marked with *" in command("runs", *ids).out
    two_runs[1]["metrics"] = two_runs[0]["metrics"]
    text = "".join(json.dumps(each) + "\n" for each in two_runs)
    HISTORY.write_text(text, encoding="utf-8")
    done = command("runs", *ids)
    assert done.code == 0
    assert "*" not in done.out

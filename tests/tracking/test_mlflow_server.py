"""Against a real MLflow server: trainings are logged, and the champion is served."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.tracking.champion import notify_promotion

from tests.engine.e2e.keep_alive_load import Answers, KeepAliveLoad
from tests.engine.families import Family
from tests.tracking.conftest import MlflowServer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAME = "iris-model"
CLIENTS, WORKERS = 4, 2
PATIENCE_S = 120
CHAMPION = f"models:/{NAME}@champion"
Command = Callable[..., str]


async def until(happened: Callable[[], object]) -> None:
    """Return once a condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.1)


def last_run(family: Family) -> dict[str, Any]:
    """Return the last line of the history."""
    lines = (family.root / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    run: dict[str, Any] = json.loads(lines[-1])
    return run


def logged_run(server: MlflowServer, run_id: str) -> dict[str, Any]:
    """Return what the server has of a run, by its id in the history."""
    experiment = server.ask(f"experiments/get-by-name?experiment_name={NAME}")["experiment"]
    query = {
        "experiment_ids": [experiment["experiment_id"]],
        "filter": f"tags.`modelserve.run` = '{run_id}'",
    }
    (run,) = server.ask("runs/search", query)["runs"]
    data = run["data"]
    files: set[str] = set()
    for path in ("", "&path=model"):
        listed = server.ask(f"artifacts/list?run_id={run['info']['run_id']}{path}")
        files |= {each["path"] for each in listed["files"]}
    return {
        "status": run["info"]["status"],
        "files": files,
        **{
            kind: {each["key"]: each["value"] for each in data.get(kind, ())}
            for kind in ("metrics", "params", "tags")
        },
    }


def promote(family: Family, server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> Artifact:
    """Make the artifact of the project champion."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    promoted, warnings = artifact.load(family.root / "model"), list[str]()
    assert notify_promotion(promoted, warn=warnings.append), warnings
    return promoted


def train_otherwise(family: Family, command: Command, changes: str) -> dict[str, Any]:
    """Train with other options; return the run."""
    path = family.root / "config" / "training.toml"
    path.write_text(path.read_text(encoding="utf-8") + changes, encoding="utf-8")
    command("train")
    return last_run(family)


def test_a_training_is_logged_and_its_model_served_once_it_is_champion(
    mlflow_server: MlflowServer,
    family: Family,
    command: Command,
    served_version: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "warning: The run" not in command("train")
    first = last_run(family)
    logged = logged_run(mlflow_server, first["id"])
    assert logged["status"] == "FINISHED"
    assert first["metrics"].items() <= logged["metrics"].items()
    assert logged["params"]["model.C"] == str(first["parameters"]["model.C"])
    assert logged["tags"]["data_sha256"] == first["data"]["sha256"]
    assert logged["tags"]["manifest_sha256"] == first["manifest_sha256"]
    expected = {"metrics.svg", "run.json", "model/model.onnx", "model/MLmodel"}
    assert expected <= logged["files"]
    number = mlflow_server.aliases(NAME)["challenger"]

    promote(family, mlflow_server, monkeypatch)
    assert mlflow_server.aliases(NAME) == {"champion": number}
    assert served_version(CHAMPION) == first["version"]

    second = train_otherwise(family, command, "\n[model]\nC = 0.05\n")
    assert second["version"] != first["version"]
    aliases = mlflow_server.aliases(NAME)
    assert aliases["champion"] == number != aliases["challenger"]

    promote(family, mlflow_server, monkeypatch)
    assert served_version(CHAMPION) == second["version"]
    pinned = json.loads(command("info", "--json", "--model", f"models:/{NAME}/{number}"))
    assert pinned["version"] == first["version"]


def test_a_moved_alias_is_followed_without_losing_a_request(
    mlflow_server: MlflowServer,
    family: Family,
    command: Command,
    serving: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command("train")
    first = promote(family, mlflow_server, monkeypatch).manifest.version
    row = json.loads((family.root / "model" / "golden.json").read_text(encoding="utf-8"))[0][
        "input"
    ]

    async def move_under_load(port: int, log: Path) -> tuple[str, Answers]:
        def logged(text: str) -> int:
            return log.read_text(encoding="utf-8", errors="replace").count(text)

        async with KeepAliveLoad(port, row, clients=CLIENTS) as load:
            await load.until_answered_by(first)
            await asyncio.to_thread(mlflow_server.stop)
            await until(lambda: logged("alias not found") >= WORKERS)
            await asyncio.to_thread(mlflow_server.start)
            await asyncio.to_thread(train_otherwise, family, command, "\n[model]\nC = 0.02\n")
            second = promote(family, mlflow_server, monkeypatch).manifest.version
            await until(lambda: logged("model reloaded") == WORKERS)
            await load.until_answered_by(second)
        return second, load.answers

    with serving(CHAMPION, RELOAD_INTERVAL_S="0.5") as (port, log):
        second, answers = asyncio.run(move_under_load(port, log))
    assert answers.failures == []
    assert answers.versions == {first, second}
    assert first != second


def test_a_server_that_is_killed_during_a_training_is_only_a_warning(
    mlflow_server: MlflowServer, family: Family, command: Command, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [*family.command, "train"],
        cwd=family.root,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("Read the data")
        mlflow_server.stop()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    run = last_run(family)
    assert run["status"] == "finished"
    assert artifact.load(family.root / "model").manifest.version == run["version"]
    assert f"warning: The run {run['id']} is not in MLflow" in output
    assert f"`runs {run['id']} --push`" in output

    mlflow_server.start()
    assert f"of {NAME}" in command("runs", run["id"], "--push")
    assert "already" in command("runs", run["id"], "--push")
    assert logged_run(mlflow_server, run["id"])["status"] == "FINISHED"


def test_the_programs_of_this_test_are_pinned() -> None:
    listed = Path(__file__).with_name("requirements.txt").read_text(encoding="utf-8").split()
    assert "mlflow==3.17.2" in listed
    assert all("==" in each for each in listed)

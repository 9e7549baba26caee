"""A Ray cluster of two nodes answers the shards of a job as one process does."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from modelserve.artifact import GOLDEN
from modelserve.batch import BatchJob, BatchPredictor

from tests.engine.batch.folders import names, read_parts, same, write_parquet
from tests.engine.families import LIBRARY, Family, assemble

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SCRIPT = Path(__file__).with_name("ray_cluster.py")
RUNS_WITHIN_S = 300  # a machine that others use as well is slow


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Return a trained project."""
    return assemble("iris", tmp_path_factory.mktemp("ray") / "project")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the interpreter of an environment with the library's extra `ray`."""
    folder = tmp_path_factory.mktemp("environment") / "ray"
    interpreter = str(folder / "bin" / "python")
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(folder)],
        ["uv", "pip", "install", "--quiet", "--python", interpreter, f"{LIBRARY}[ray]"],
    ):
        subprocess.run(command, check=True, timeout=RUNS_WITHIN_S)
    return interpreter


@pytest.fixture(scope="module")
def rows(family: Family) -> list[dict[str, Any]]:
    """Return rows with an id, of which the last one is invalid."""
    golden = [case["input"] for case in family.artifact.read_json(GOLDEN)]
    valid = [{"id": i, **golden[i % len(golden)]} for i in range(99)]
    return [*valid, {**valid[0], "id": 99, next(iter(golden[0])): None}]


@pytest.fixture(scope="module")
def source(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the rows in one Parquet file."""
    folder = tmp_path_factory.mktemp("source")
    write_parquet(folder / "rows.parquet", rows)
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the cluster's answers."""
    return tmp_path_factory.mktemp("cluster") / "answers"


@pytest.fixture(scope="module")
def answered(python: str, family: Family, source: Path, out: Path) -> dict[str, Any]:
    """Return what a cluster answers; none of its processes stays."""
    model = family.artifact.folder
    words = ["2", source, out, model, family.package, family.root]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": family.python_path}
    # Below `uv run`, Ray would start its workers by it too.
    environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    with subprocess.Popen(
        [python, str(SCRIPT), *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=RUNS_WITHIN_S)
        finally:
            _end_session(process.pid)
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


def _end_session(leader: int) -> None:
    """End all processes of a session: Ray puts each worker into a process group of its own."""
    listed = ["ps", "-o", "pid=", "--sid", str(leader)]
    done = subprocess.run(listed, check=False, capture_output=True, text=True)
    for pid in map(int, done.stdout.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def plain(family: Family, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the answers of one process."""
    folder = tmp_path_factory.mktemp("plain") / "answers"
    predictor = BatchPredictor(family.project.make_service(family.artifact.folder))
    BatchJob(predictor, str(source), str(folder), format="parquet").run()
    return folder


def test_two_nodes_answer_the_shards_of_a_job_as_one_process_does(
    answered: dict[str, Any], plain: Path, out: Path
) -> None:
    assert answered["first"] == {"rows": 99, "rejected": 1, "answered": 4, "shards": 4}
    assert same(sorted(read_parts(out), key=lambda row: int(row["row"])), read_parts(plain))
    assert "_SUCCESS" in names(out)
    assert len(list(out.glob("part-*.parquet"))) == 4


def test_complete_shards_are_not_answered_again(answered: dict[str, Any]) -> None:
    assert answered["again"] == {"rows": 99, "rejected": 1, "answered": 0, "shards": 4}

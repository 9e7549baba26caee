"""A Ray cluster of two nodes answers rows as one process does, by `batch --ray` and in pipelines.

Each command that asks the cluster has a limit on its time: one that hangs is a failure.
"""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from modelserve.artifact import GOLDEN
from modelserve.batch import BatchJob, BatchPredictor

from tests.batch_platforms.ray_nodes import (
    RUNS_WITHIN_S,
    RayEnvironment,
    RayNodes,
    environment,
    start_nodes,
)
from tests.engine.batch.files import write_csv
from tests.engine.batch.folders import names, read_parts, same, write_parquet
from tests.engine.families import Family, assemble

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PIPELINE = Path(__file__).with_name("ray_pipeline.py")
SLOW = """

class Service(Service):
    def preprocess(self, rows):
        import time

        time.sleep(0.5)
        return rows
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayEnvironment]:
    """Return an environment with Ray, for all tests."""
    with environment(tmp_path_factory.mktemp("environment") / "ray") as made:
        yield made


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Return a trained project."""
    return assemble("iris", tmp_path_factory.mktemp("ray") / "project")


@pytest.fixture(scope="module")
def nodes(installed: RayEnvironment, family: Family) -> Iterator[RayNodes]:
    """Return a cluster of two nodes."""
    with start_nodes(installed, family, 2) as started:
        yield started


@pytest.fixture(scope="module")
def source(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rows in one Parquet file, of which the last one is invalid."""
    golden = [case["input"] for case in family.artifact.read_json(GOLDEN)]
    valid = [{"id": i, **golden[i % len(golden)]} for i in range(99)]
    folder = tmp_path_factory.mktemp("source")
    rows = [*valid, {**valid[0], "id": 99, next(iter(golden[0])): None}]
    write_parquet(folder / "rows.parquet", rows)
    return folder


@pytest.fixture(scope="module")
def plain(family: Family, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the answers of one process."""
    folder = tmp_path_factory.mktemp("plain") / "answers"
    predictor = BatchPredictor(family.project.make_service(family.artifact.folder))
    BatchJob(predictor, str(source), str(folder), format="parquet").run()
    return folder


def batch(address: str, source: Path, out: Path, shards: int = 4) -> list[object]:
    """Return the words of the command."""
    words = ["-m", "iris_model", "batch", source, f"{out}/", "--ray", address]
    return [*words, "--format", "parquet", "--shard-count", shards]


def in_order(folder: Path) -> list[dict[str, Any]]:
    """Return the answers of all shards, in the order of the source."""
    return sorted(read_parts(folder), key=lambda row: int(row["row"]))


def test_the_command_answers_on_two_nodes_as_one_process_does(
    installed: RayEnvironment, nodes: RayNodes, family: Family, source: Path, plain: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "answers"
    done = installed.run(family, *batch(nodes.address, source, out))
    assert done.stdout == (
        "rows answered: 99\nshards answered: 4 of 4; the others were complete\n"
    ), done.stderr
    assert done.stderr == f"error: rows rejected: 1; {out}/_rejected-* have the reasons.\n"
    assert done.returncode == 2
    assert same(in_order(out), read_parts(plain))
    assert "_SUCCESS" in names(out)
    assert len(list(out.glob("part-*.parquet"))) == 4
    (rejected,) = out.glob("_rejected-*")
    (expected,) = plain.glob("_rejected-*")
    assert json.loads(rejected.read_text("utf-8")) == json.loads(expected.read_text("utf-8"))

    again = installed.run(family, *batch(nodes.address, source, out))
    assert "rows answered: 99\nshards answered: 0 of 4;" in again.stdout


def test_an_address_without_a_cluster_is_an_error(
    installed: RayEnvironment, family: Family, source: Path, tmp_path: Path
) -> None:
    with socket.socket() as bound:  # its port is taken, and nobody listens
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        done = installed.run(family, *batch(address, source, tmp_path / "answers"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: No Ray cluster answers at {address}: ")
    assert done.stderr.endswith("Start one with `ray start --head`, or check the address.\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_model_that_the_nodes_lack_is_an_error(
    installed: RayEnvironment, nodes: RayNodes, family: Family, source: Path, tmp_path: Path
) -> None:
    words = batch(nodes.address, source, tmp_path / "answers")
    done = installed.run(family, *words, "--model", tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("error: 4 of 4 shards failed, the others are complete; shard 0: ")
    assert "nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_pipeline_of_ray_data_answers_each_row_as_one_process_does(
    installed: RayEnvironment, nodes: RayNodes, family: Family, source: Path, plain: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    rows = pq.read_table(source / "rows.parquet").to_pylist()
    tables = tmp_path / "tables"
    tables.mkdir()
    write_parquet(tables / "rows.parquet", rows)
    write_csv(tables / "rows.csv", rows)
    model = family.artifact.folder
    words = [nodes.address, tables, tmp_path / "out", model, family.package, family.root]
    done = installed.run(family, PIPELINE, *words)
    assert done.returncode == 0, done.stderr

    answered = {row.pop("id"): row for row in read_parts(plain)}
    (rejected,) = plain.glob("_rejected-*")
    problems = json.loads(rejected.read_text("utf-8"))["problems"]
    for written in (
        pq.read_table(tmp_path / "out" / "parquet").to_pylist(),
        [
            json.loads(line)
            for path in sorted((tmp_path / "out" / "json").iterdir())
            for line in path.read_text("utf-8").splitlines()
        ],
    ):
        given = {row.pop("id"): row for row in written}
        assert len(written) == len(given) == len(rows)
        invalid = given.pop(99)
        assert invalid.pop("problems") == problems
        assert set(invalid.values()) == {None}
        assert {row.pop("problems") for row in given.values()} == {None}
        columns = next(iter(given.values()))
        expected = {key: {name: row[name] for name in columns} for key, row in answered.items()}
        assert same(given, expected)
        assert {"label", "probability_setosa"} <= set(columns)


def test_the_shards_of_a_lost_node_are_answered_by_another_one(
    installed: RayEnvironment, family: Family, source: Path, plain: Path, tmp_path: Path
) -> None:
    shutil.copytree(family.artifact.folder.parent, tmp_path / "project")
    slow = Family(family.name, tmp_path / "project")
    with (slow.root / "src" / slow.package / "service.py").open("a", encoding="utf-8") as code:
        code.write(SLOW)
    out, shards = tmp_path / "answers", 30
    with start_nodes(installed, slow, 2) as nodes, ThreadPoolExecutor(1) as threads:
        words = batch(nodes.address, source, out, shards)
        running = threads.submit(installed.run, slow, *words)
        deadline = time.monotonic() + RUNS_WITHIN_S
        while not list(out.glob("_part-*")) and not running.done():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        nodes.lose_one()
        assert len(list(out.glob("_part-*"))) < shards, "the node was lost after the job's end"
        done = running.result()
        assert "rows answered: 99\n" in done.stdout, done.stderr
        assert "_SUCCESS" in names(out)
        assert same(in_order(out), read_parts(plain))

        before = {path.name: path.read_bytes() for path in out.iterdir()}
        again = installed.run(slow, *words)
        assert f"rows answered: 99\nshards answered: 0 of {shards};" in again.stdout
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before

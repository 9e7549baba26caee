"""A killed shard of a batch job leaves no answers, and the next attempt completes the job."""

import time
from pathlib import Path

import pytest
from modelserve.artifact import Artifact

from tests.engine.batch.files import Row, write_csv
from tests.engine.batch.folders import names, read_parts
from tests.engine.batch.process import start
from tests.engine.families import Family

pytestmark = pytest.mark.e2e
WAIT_S = 60
MANY = 5_000  # times the rows: some seconds of work


def test_a_killed_shard_is_answered_by_the_next_attempt(
    family: Family, trained: Artifact, rows: list[Row], tmp_path: Path
) -> None:
    source, out = tmp_path / "rows", tmp_path / "answers"
    source.mkdir()
    write_csv(source / "a.csv", rows)
    write_csv(source / "b.csv", rows * MANY)
    words = (source, f"{out}/", "--shard-count", 2, "--shard-by", "files", "--shard-index")
    with start(family, trained, *words, 0) as process:
        process.wait(WAIT_S)

    with start(family, trained, *words, 1) as process:
        until = time.monotonic() + WAIT_S
        while not list(out.glob(".part-00001-*")) and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        process.wait(WAIT_S)
    assert list(out.glob(".part-00001-*"))  # it was killed while it wrote
    assert [path.name for path in out.glob("part-*")] == ["part-00000-of-00002.csv"]

    with start(family, trained, *words, 1) as process:
        process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert names(out) == [
        "_SUCCESS",
        "_part-00000-of-00002.json",
        "_part-00001-of-00002.json",
        "part-00000-of-00002.csv",
        "part-00001-of-00002.csv",
    ]
    assert len(read_parts(out)) == len(rows) * (1 + MANY)

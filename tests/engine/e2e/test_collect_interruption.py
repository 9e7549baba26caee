"""A run that is interrupted leaves what was there before, and no process."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine.collect.records import make_record, make_truth
from tests.engine.families import Family

pytestmark = pytest.mark.e2e

PATIENCE_S = 60


def wait_for(path: Path, pattern: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a file is there, as long as the process runs."""
    end = time.monotonic() + PATIENCE_S
    while not list(path.glob(pattern)):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_a_signal_leaves_the_earlier_rows(family: Family, tmp_path: Path, number: int) -> None:
    for name, line in (
        ("captures", make_record(1, [{"size": 1}])),
        ("truths", make_truth(1, "setosa")),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.jsonl").write_text(json.dumps(line) + "\n")
    os.mkfifo(tmp_path / "captures" / "two.jsonl")  # nobody writes to it: reading it never ends
    output = tmp_path / "data" / "new.csv"
    output.parent.mkdir()
    output.write_bytes(b"earlier")
    words = [*family.command, "collect", "captures", "--ground-truth", "truths", "--force"]
    options = ["--output", output, "--model", family.artifact.folder, "--target", "species"]
    environment = {**os.environ, "PYTHONPATH": family.python_path}
    with subprocess.Popen(
        [*words, *map(str, options)], cwd=tmp_path, env=environment, start_new_session=True
    ) as process:
        try:
            wait_for(output.parent, ".new.csv-*/*", process)
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 128 + number
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert [path.name for path in output.parent.iterdir()] == ["new.csv"]
    assert output.read_bytes() == b"earlier"

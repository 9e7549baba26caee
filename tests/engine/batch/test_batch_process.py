"""`batch` as a process: it reads and writes pipes, and an interruption leaves nothing behind."""

import csv
import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from modelserve.artifact import Artifact

from tests.engine.batch.files import Row, write_csv, write_lines
from tests.engine.batch.process import start
from tests.engine.families import Family

pytestmark = pytest.mark.e2e
WAIT_S = 30


def run(
    family: Family, trained: Artifact, *words: object, given: bytes = b""
) -> tuple[int, str, str]:
    """Return the exit code of `batch` and what it printed."""
    with start(family, trained, *words) as process:
        out, err = process.communicate(given, timeout=WAIT_S)
    return process.returncode, out.decode(), err.decode()


def test_rows_of_a_pipe_are_answered_into_a_pipe(
    family: Family, trained: Artifact, rows: list[Row], tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "rows.csv", rows)
    code, out, err = run(family, trained, "-", "-", given=source.read_bytes())
    assert (code, err) == (0, "")
    assert [row["row"] for row in csv.DictReader(io.StringIO(out))] == [
        str(i) for i in range(len(rows))
    ]

    source = write_lines(tmp_path / "rows.jsonl", [rows[0], {}])
    code, out, err = run(family, trained, "-", "-", given=source.read_bytes())
    rejected, complaint = err.splitlines()
    assert code == 2
    assert [json.loads(line)["row"] for line in out.splitlines()] == [0]
    assert json.loads(rejected)["row"] == 1
    assert complaint == "error: rows rejected: 1; the lines above have the reasons."


def test_a_terminal_shows_progress(
    family: Family, trained: Artifact, rows: list[Row], tmp_path: Path
) -> None:
    source, output = write_csv(tmp_path / "rows.csv", rows), tmp_path / "answers.csv"
    command = [*family.command, "batch", "--model", str(trained.folder), str(source), str(output)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": family.python_path, "TERM": "xterm"}
    ours, theirs = os.openpty()

    subprocess.run(
        command,
        env=environment,
        cwd=family.root,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=True,
    )

    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(100_000)
    assert f"{len(rows)} rows, ".encode() in shown
    assert b"rows/s" in shown


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="SIGINT"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    ],
)
def test_an_interrupted_batch_leaves_what_was_there(
    family: Family, trained: Artifact, rows: list[Row], tmp_path: Path, sent: int, code: int
) -> None:
    source, output = tmp_path / "rows.csv", tmp_path / "out" / "answers.csv"
    content = write_csv(tmp_path / "whole", rows * 500).read_bytes()
    output.parent.mkdir()
    output.write_text("earlier", encoding="utf-8")
    os.mkfifo(source)
    with start(family, trained, source, output) as process, source.open("wb") as pipe:
        pipe.write(content)
        pipe.flush()
        until = time.monotonic() + WAIT_S
        while len(list(output.parent.iterdir())) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(list(output.parent.iterdir())) == 3  # with two that are incomplete
        process.send_signal(sent)
        process.wait(WAIT_S)

    assert process.returncode == code
    assert list(output.parent.iterdir()) == [output]
    assert output.read_text("utf-8") == "earlier"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_batch_ends_quietly_when_nobody_reads_its_answers(
    family: Family, trained: Artifact, rows: list[Row], tmp_path: Path, suffix: str
) -> None:
    write = write_csv if suffix == "csv" else write_lines
    source = write(tmp_path / f"rows.{suffix}", rows * 2_000)
    with start(family, trained, source, "-") as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        process.wait(WAIT_S)
        assert process.stderr
        assert (process.returncode, process.stderr.read()) == (1, b"")

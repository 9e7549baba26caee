"""A promotion that is killed is brought to its end by the next one, and recorded as that."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from modelserve import artifact
from modelserve.artifact import Artifact
from modelserve.promotion.promote import PromotionRequest, promote, recover
from modelserve.promotion.record import read_record
from modelserve.promotion.verify import verify

from tests.engine.families import LIBRARY

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGKILL"),
]

# The process kills itself at a step: nothing runs after it, as after a power cut.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from modelserve import artifact
from modelserve.promotion import promote as steps, record

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

step, folder = sys.argv[1], Path(sys.argv[2])
write, switch, replace = os.write, steps.switch, Path.replace
calls = []

def counted(descriptor, content):
    calls.append(content)
    return write(descriptor, content)

def write_half_of(number):
    def half(descriptor, content):
        counted(descriptor, content[: len(content) // 2] if len(calls) == number else content)
        return die() if len(calls) > number else len(content)
    return half

def move_then_die(*arguments, **named):
    switch(*arguments, **named)
    die()

def second_move(self, target):
    moves.append(target)
    return die() if len(moves) == 2 else replace(self, target)

moves = []
if step == "copying":
    load = artifact.load
    artifact.load = lambda path, **named: die() if ".new" in path.name else load(path, **named)
elif step == "recording the decision":
    os.write = write_half_of(0)
elif step == "before the switch":
    steps.switch = die
elif step == "between both moves":
    Path.replace = second_move
elif step == "after the switch":
    steps.switch = move_then_die
elif step == "recording the end":
    os.write = write_half_of(1)
steps.promote(
    steps.PromotionRequest(folder / "candidate", folder / "model", folder / "promotions.jsonl"),
    None,
)
"""


def copy(trained: Artifact, folder: Path, version: str) -> Path:
    """Copy an artifact under another version."""
    shutil.copytree(trained.folder, folder)
    path = folder / artifact.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8")) | {"version": version}
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def kill_at(step: str, folder: Path) -> None:
    """Run a promotion that is killed at a step."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, step, str(folder)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(LIBRARY / "src"), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def decisions(folder: Path) -> list[str]:
    """Return the decisions in the record."""
    return [line.content["decision"] for line in read_record(folder / "promotions.jsonl")[0]]


@pytest.mark.parametrize(
    ("step", "before", "served", "after"),
    [
        pytest.param("copying", [], "1", [], id="copying"),
        pytest.param("before the switch", ["approved"], "1", ["failed"], id="before-the-switch"),
        pytest.param("between both moves", ["approved"], "2", ["promoted"], id="between-moves"),
        pytest.param("after the switch", ["approved"], "2", ["promoted"], id="after-the-switch"),
    ],
)
def test_a_killed_promotion_is_brought_to_its_end(
    trained: Artifact, tmp_path: Path, step: str, before: list[str], served: str, after: list[str]
) -> None:
    copy(trained, tmp_path / "candidate", "2")
    target = copy(trained, tmp_path / "model", "1")
    record = tmp_path / "promotions.jsonl"
    promote(PromotionRequest(target, tmp_path / "model", record), None)
    first = decisions(tmp_path)

    kill_at(step, tmp_path)

    assert decisions(tmp_path) == [*first, *before]
    if before:
        assert "--recover" in verify(record, target)[1]
    assert recover(record) == (after[0] if after else None)
    assert decisions(tmp_path) == [*first, *before, *after]
    assert artifact.load(target).manifest.version == served
    assert verify(record, target)[1] == ""
    promote(PromotionRequest(copy(trained, tmp_path / "next", "3"), target, record), None)
    assert artifact.load(target).manifest.version == "3"


@pytest.mark.parametrize(
    ("step", "served", "kept"),
    [
        pytest.param("recording the decision", "1", 0, id="the-decision"),
        pytest.param("recording the end", "2", 1, id="the-end"),
    ],
)
def test_a_line_that_was_cut_off_is_named_and_removed_by_hand(
    trained: Artifact, tmp_path: Path, step: str, served: str, kept: int
) -> None:
    copy(trained, tmp_path / "candidate", "2")
    target = copy(trained, tmp_path / "model", "1")
    record = tmp_path / "promotions.jsonl"

    kill_at(step, tmp_path)

    assert artifact.load(target).manifest.version == served
    lines, fault = read_record(record)
    assert len(lines) == kept
    assert fault.startswith(f"line {kept + 1} is incomplete")
    whole = b"".join(line.text for line in lines)
    assert record.read_bytes().startswith(whole)
    record.write_bytes(whole)
    assert recover(record) == ("promoted" if kept else None)
    assert artifact.load(target).manifest.version == served


def test_a_first_promotion_that_is_killed_can_be_repeated(
    trained: Artifact, tmp_path: Path
) -> None:
    candidate = copy(trained, tmp_path / "candidate", "2")
    kill_at("before the switch", tmp_path)
    assert not (tmp_path / "model").exists()
    record = tmp_path / "promotions.jsonl"
    assert recover(record) == "promoted"
    assert artifact.load(tmp_path / "model").manifest.version == "2"
    promote(PromotionRequest(candidate, tmp_path / "model", record), None)
    assert decisions(tmp_path)[-1] == "restored"

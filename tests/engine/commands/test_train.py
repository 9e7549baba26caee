"""`train` prints what it trained, and fails with one line and its exit code."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from modelserve import artifact, cli
from modelserve.artifact import Artifact
from modelserve.training.config import Config

from tests.engine.commands.run import Command, one_line

FAMILIES = ("iris", "diabetes", "sentiment")


def test_train_prints_the_run_as_a_table(
    command: Command, trained: Artifact, config: Config, training_toml: Path
) -> None:
    done = command("train", "--config", training_toml, "--output", "made")

    made = artifact.load(Path("made")).manifest
    assert (done.code, done.err) == (0, "")
    assert made.files == trained.manifest.files
    data = made.data
    assert f"{made.name}{made.version}" in "".join(done.out.split())
    assert f"data {data.source}, SHA-256 {data.sha256[:12]}…" in done.rows
    (split,) = (line for line in done.rows if line.startswith("split "))
    assert split.startswith(f"split {data.training_rows} training rows, ")
    assert f"{data.test_rows} test rows" in split
    assert data.calibration_rows == 0 or f"{data.calibration_rows} calibration rows" in split
    assert {f"{name} {value:.4f}" for name, value in made.metrics.items()} <= done.rows
    gates = {f"gate {name} >= {bound:g}: passed" for name, bound in config.gate.minimum.items()}
    gates |= {f"gate {name} <= {bound:g}: passed" for name, bound in config.gate.maximum.items()}
    assert gates
    assert gates <= done.rows
    assert f"parity {made.parity:.2g}" in done.rows
    assert f"artifact made, {made.size_bytes:,} bytes" in done.rows


def test_train_shows_each_step_with_its_time(command: Command, training_toml: Path) -> None:
    done = command("train", "--config", training_toml)
    steps = [line for line in done.out.splitlines() if line.endswith(" s")]
    assert len(steps) >= 5
    assert len({len(line) for line in steps}) == 1  # aligned, whatever the step's name
    assert float(steps[0].split()[-2]) >= 0


def test_a_missed_gate_exits_with_1(
    command: Command, trained: Artifact, config: Config, with_gate: Callable[[str], Path]
) -> None:
    name, value = next(iter(trained.manifest.metrics.items()))
    path = with_gate(f"{name} = {value + 1}")

    done = command("train", "--config", path)

    assert done.code == 1
    line = one_line(done.err)
    assert line.startswith(f"error: The model is not good enough: {name} is {value:.4g}")
    assert line.endswith("Nothing was written.")
    assert not Path("model").exists()


def test_a_gate_with_an_unknown_metric_exits_with_2(
    command: Command, config: Config, with_gate: Callable[[str], Path]
) -> None:
    done = command("train", "--config", with_gate("beauty = 1"))
    assert done.code == 2
    assert "unknown metrics: beauty." in one_line(done.err)


def test_a_missing_configuration_is_named(command: Command) -> None:
    done = command("train")
    assert (done.code, done.out) == (2, "")
    assert one_line(done.err).startswith("error: ")
    assert "training.toml cannot be read" in done.err


def test_missing_libraries_are_reported_with_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"{cli.__package__}.training.train"
    monkeypatch.setitem(sys.modules, missing, None)
    for arguments in (("train",), ("evaluate", "table.csv")):
        done = command(*arguments)
        assert done.code == 1
        line = one_line(done.err)
        assert "is not installed; this command needs requirements/training.txt" in line

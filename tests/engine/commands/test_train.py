"""`train` prints what it trained, and fails with one line and its exit code."""

import re
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
    gates = {name: f">= {bound:g}: passed" for name, bound in config.gate.minimum.items()}
    gates |= {name: f"<= {bound:g}: passed" for name, bound in config.gate.maximum.items()}
    assert gates.keys() <= made.metrics.keys()
    for name, value in made.metrics.items():
        (row,) = (line for line in done.rows if line.startswith(f"{name} {value:.4f}"))
        assert row.endswith(gates.get(name, "")), row
    (parity,) = (line for line in done.rows if line.startswith(f"parity {made.parity:.2g}"))
    assert ("times the largest output" in parity) == (config.task == "regressor")
    assert "\x1b" not in done.out
    assert f"artifact made, {made.size_bytes:,} bytes" in done.rows


def test_a_configuration_outside_of_a_project_is_refused_before_the_training(
    command: Command, training_toml: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere" / "settings" / "training.toml"
    outside.parent.mkdir(parents=True)
    outside.write_bytes(training_toml.read_bytes())

    done = command("train", "--config", outside)

    assert (done.code, done.out) == (2, "")
    assert "pyproject.toml cannot be read: " in done.err
    assert "The project's folder is the one above that of --config: keep" in done.err


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
    assert f">= {value + 1:g}: missed" in done.out
    assert all(each in done.out for each in trained.manifest.metrics)


def test_several_reasons_exit_with_1_and_are_listed(
    command: Command, config: Config, with_gate: Callable[[str], Path]
) -> None:
    path = with_gate(f"{next(iter(config.gate.minimum))} = 2")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"size_bytes = [\d_]+", "size_bytes = 1", text), encoding="utf-8")

    done = command("train", "--config", path)

    assert done.code == 1
    head, *reasons = done.err.splitlines()
    assert head == "error: The model was rejected for 2 reasons; nothing was written."
    assert [line[:4] for line in reasons] == ["  - "] * 2
    assert "[limits] size_bytes" in done.err


def test_a_warning_is_printed_before_the_table(
    command: Command, with_gate: Callable[[str], Path]
) -> None:
    path = with_gate("")
    text = path.read_text(encoding="utf-8")
    other = re.sub(r'describes = ".*"', 'describes = "sex in birds.csv"', text)
    path.write_text(other, encoding="utf-8")

    done = command("train", "--config", path)

    assert done.code == 0
    warning = done.out.index("warning: description and [card]")
    assert warning < done.out.index("SHA-256")


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
    for module in ("train", "evaluate"):
        monkeypatch.setitem(sys.modules, f"{cli.__package__}.training.{module}", None)
    for arguments in (("train",), ("evaluate", "table.csv")):
        done = command(*arguments)
        assert done.code == 1
        line = one_line(done.err)
        assert "is not installed; this command needs requirements/training.txt" in line


def test_an_error_names_the_configuration_that_was_given(
    command: Command, with_gate: Callable[[str], Path]
) -> None:
    path = with_gate("beauty = 1").rename("config/other.toml")
    done = command("train", "--config", path)
    assert one_line(done.err).startswith("error: [gate] in config/other.toml names unknown metrics")


def test_a_search_prints_lines_for_the_model_even_if_the_gate_is_missed(
    command: Command, config: Config, with_gate: Callable[[str], Path]
) -> None:
    if "C" not in type(config.model).model_fields:
        pytest.skip("of another model")
    path = with_gate("accuracy = 2")
    with path.open("a", encoding="utf-8") as file:
        file.write("[search]\nfolds = 2\n[search.values]\nC = [0.5]\n")

    done = command("train", "--config", path)

    assert done.code == 1
    assert "write them under [model]" in done.out
    assert "C = 0.5" in done.out.splitlines()

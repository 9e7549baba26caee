"""`evaluate` compares the metrics on other data with the gate."""

import json
from collections.abc import Callable
from pathlib import Path

from modelserve.artifact import Artifact
from modelserve.training.config import Config

from tests.engine.commands.run import Command

FAMILIES = ("iris", "diabetes")


def test_every_error_in_the_data_is_listed(
    command: Command, config: Config, trained: Artifact, training_toml: Path
) -> None:
    table = Path("other.csv")
    table.write_text(f"other,{config.data.target}\n1,2\n", encoding="utf-8")

    done = command("evaluate", table, "--model", trained.folder, "--config", training_toml)

    head, *listed = done.err.splitlines()
    assert done.code == 2
    assert head.startswith(f"error: The input has {len(listed)} problem")
    names = [feature.name for feature in trained.manifest.features]
    assert [line.partition(";")[0] for line in listed] == [
        f"  {name}: no such column" for name in names
    ]


def test_evaluate_prints_each_metric_and_its_bound(
    command: Command, trained: Artifact, config: Config, training_toml: Path
) -> None:
    options = ("--model", trained.folder, "--config", training_toml)
    done = command("evaluate", config.data.path, *options)
    assert (done.code, done.err) == (0, "")
    for name in trained.manifest.metrics:
        assert name in done.out
    assert done.out.count(": passed") == len(config.gate.minimum) + len(config.gate.maximum)


def test_evaluate_writes_what_else_it_measured(
    command: Command, trained: Artifact, config: Config, training_toml: Path
) -> None:
    options = ("--model", trained.folder, "--config", training_toml, "--output", "new/rows.json")
    done = command("evaluate", config.data.path, *options)
    assert (done.code, done.err) == (0, "")
    content = json.loads(Path("new/rows.json").read_bytes())
    assert content.keys() == trained.read_json("evaluation.json").keys()


def test_evaluate_exits_with_1_when_the_gate_is_missed(
    command: Command, trained: Artifact, config: Config, with_gate: Callable[[str], Path]
) -> None:
    name = next(iter(trained.manifest.metrics))
    path = with_gate(f"{name} = 1e9")

    done = command("evaluate", config.data.path, "--model", trained.folder, "--config", path)

    assert (done.code, done.err) == (1, "")
    assert ">= 1e+09: missed" in done.out

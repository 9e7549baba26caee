"""Help names every command, what it does, and what each of its options is for."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from modelserve import cli
from typer.core import TyperGroup

from tests.engine.commands.run import Command


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("train", ["Train", "artifact", "--output", "--config"], id="train"),
        pytest.param("import-onnx", ["another tool", "--labels", "--softmax"], id="import-onnx"),
        pytest.param("evaluate", ["other data", "target", "--model"], id="evaluate"),
        pytest.param("serve", ["over HTTP", "--host", "--port", "--workers"], id="serve"),
        pytest.param("predict", ["without a service", "stdin", "--model"], id="predict"),
        pytest.param("batch", ["every row", "invalid rows", "--shard-index"], id="batch"),
        pytest.param("collect", ["[data]", "[split]", "--consumer"], id="collect"),
        pytest.param("promote", ["unless it is worse", "--to", "--tolerance"], id="promote"),
        pytest.param("info", ["Verify", "--json"], id="info"),
        pytest.param("golden", ["golden cases", "--model"], id="golden"),
        pytest.param("example", ["request", "--csv"], id="example"),
        pytest.param("smoke", ["golden cases", "--latency-ms", "SERVICE_KEY"], id="smoke"),
        pytest.param("key", ["API key", "hash"], id="key"),
    ],
)
def test_help_describes_a_command(command: Command, name: str, words: list[str]) -> None:
    done = command(name, "--help")
    assert done.code == 0
    assert [word for word in words if word not in done.out] == []


def commands() -> Mapping[str, Any]:
    """Return the commands by name, as they are run."""
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    return group.commands


@pytest.mark.parametrize("name", commands())
def test_every_option_and_argument_has_a_help_text(name: str) -> None:
    silent = [each.name for each in commands()[name].params if not getattr(each, "help", None)]
    assert silent == []


@pytest.mark.parametrize("name", cli.EXAMPLES)
def test_every_example_can_be_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its command and options exist; what it does is not tested here."""
    monkeypatch.chdir(tmp_path)
    for part in cli.EXAMPLES[name].split(" | "):
        called, *words = shlex.split(part.removeprefix("PROJECT ").partition(" > ")[0])
        context = commands()[called].make_context(called, words)
        assert context.params


def test_help_shows_the_example_under_the_projects_name(command: Command) -> None:
    done = command("smoke", "--help")
    assert f"Example: iris-model {cli.EXAMPLES['smoke']}" in done.out


def test_help_lists_every_command(command: Command) -> None:
    done = command("--help")
    assert done.code == 0
    listed = {line.split()[1] for line in done.out.splitlines() if line.startswith("│ ")}
    commands = [
        each.callback
        for group in cli.app.registered_groups
        for each in group.typer_instance.registered_commands
    ]
    assert {each.__name__.replace("_", "-") for each in commands} <= listed


def test_an_unknown_command_is_rejected(command: Command) -> None:
    done = command("tarin")
    assert (done.code, done.out) == (2, "")
    assert "tarin" in done.err

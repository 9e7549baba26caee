"""Help names every command and what it does."""

import pytest
from modelserve import cli

from tests.engine.commands.run import Command


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("train", ["Train", "artifact", "--output", "--config"], id="train"),
        pytest.param("import-onnx", ["another tool", "--labels", "--softmax"], id="import-onnx"),
        pytest.param("evaluate", ["other data", "target", "--model"], id="evaluate"),
        pytest.param("serve", ["over HTTP", "--host", "--port", "--workers"], id="serve"),
        pytest.param("predict", ["without a service", "stdin", "--model"], id="predict"),
        pytest.param("batch", ["every row", ".rejected", "--shard-index"], id="batch"),
        pytest.param("promote", ["unless it is worse", "--to", "--tolerance"], id="promote"),
        pytest.param("info", ["Verify", "--json"], id="info"),
        pytest.param("golden", ["golden cases", "--model"], id="golden"),
        pytest.param("smoke", ["golden cases", "--latency-ms", "SERVICE_KEY"], id="smoke"),
        pytest.param("key", ["API key", "hash"], id="key"),
    ],
)
def test_help_describes_a_command(command: Command, name: str, words: list[str]) -> None:
    done = command(name, "--help")
    assert done.code == 0
    assert [word for word in words if word not in done.out] == []


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

"""A shell completes commands and options after `--install-completion`."""

import os

import pytest

from tests.engine.commands.run import Command


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("iris-model prom", {"promote", "promotions"}, id="command"),
        pytest.param("iris-model promote --to", {"--to", "--tolerance"}, id="option"),
    ],
)
def test_the_shell_completes_what_is_typed(
    command: Command, monkeypatch: pytest.MonkeyPatch, typed: str, offered: set[str]
) -> None:
    """The variables are those that the script from `--show-completion bash` sets."""
    monkeypatch.setitem(os.environ, "_IRIS_MODEL_COMPLETE", "complete_bash")
    monkeypatch.setitem(os.environ, "COMP_WORDS", typed)
    monkeypatch.setitem(os.environ, "COMP_CWORD", str(typed.count(" ")))

    assert set(command().out.split()) == offered


def test_help_names_the_option_that_installs_it(command: Command) -> None:
    assert "--install-completion" in command("--help").out

"""`monitor` names the libraries that it needs."""

import sys
from pathlib import Path

import pytest
from modelserve import cli
from modelserve.artifact import Artifact

from tests.engine.commands.run import Command, one_line
from tests.engine.families import Family


def test_missing_libraries_are_reported_with_what_to_install(
    command: Command, trained: Artifact, monkeypatch: pytest.MonkeyPatch, family: Family
) -> None:
    # It is imported late, when captures have been found.
    monkeypatch.setitem(sys.modules, f"{cli.__package__}.monitoring.evaluation", None)
    Path("captures").mkdir()
    config = family.root / "config" / "monitoring.toml"
    done = command("monitor", "captures", "--model", trained.folder, "--config", config)
    assert done.code == 1
    assert "this command needs requirements/training.txt" in one_line(done.err)

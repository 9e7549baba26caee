"""What the tests of the commands share: the command line in an empty folder."""

import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from modelserve import Project, cli
from modelserve.training.config import Config

from tests.engine.commands.run import Command, Done
from tests.engine.families import Family

COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def command(
    family: Family,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Command]:
    """Return a function that runs the project's command line in an empty folder."""
    environment = {"COLUMNS": "250", "PATH": os.environ.get("PATH", "")}
    monkeypatch.setattr(os, "environ", environment)
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(Project(family.package))
        out, err = (COLOUR.sub("", text) for text in capfd.readouterr())
        return Done(ended.value.code, out, err)

    yield run
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def body(golden: list[dict[str, Any]]) -> bytes:
    """Return a request's body with the golden rows."""
    return json.dumps({"instances": [case["input"] for case in golden]}).encode()


@pytest.fixture
def training_toml(family: Family) -> Path:
    """Return the project's training configuration."""
    return family.root / "config" / "training.toml"


@pytest.fixture
def with_gate(family: Family, training_toml: Path, config: Config) -> Callable[[str], Path]:
    """Return a function that writes the project's configuration with another gate here."""

    def write(gate: str) -> Path:
        text = training_toml.read_text(encoding="utf-8")
        text = re.sub(r"(?ms)^\[gate.*?(?=^\[|\Z)", "", text)
        text = re.sub(r"(?m)^path = \S*", f'path = "{config.data.path.as_posix()}"', text)
        path = Path("config", "training.toml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n[gate.minimum]\n{gate}\n", encoding="utf-8")
        shutil.copy(family.root / "pyproject.toml", "pyproject.toml")
        return path

    return write

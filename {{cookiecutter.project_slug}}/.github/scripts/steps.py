"""What the workflows' scripts share: the project's command, and what a step hands on."""

import os
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path
from typing import NoReturn

FETCHED = Path("fetched")  # where the action `fetch-captures` puts what it has fetched
SERVED = FETCHED / "model"


def name() -> str:
    """Return the project's name, which is its command's too."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["name"])


def run(*words: str) -> int:
    """Run a command of the project, and return how it ended."""
    return subprocess.run([Path(".venv", "bin", name()), *words], check=False).returncode


def hand_on(**outputs: str) -> None:
    """Set outputs of this step."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        for key, value in outputs.items():
            end = uuid.uuid4()  # so that no value can hold it, and go on as another output
            stream.write(f"{key}<<{end}\n{value}\n{end}\n")


def summarise(markdown: str) -> None:
    """Show something on the run's page."""
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as stream:
        stream.write(f"{markdown}\n")


def note(text: str) -> None:
    """Say something that is no failure on the run's page."""
    sys.stdout.write(f"::notice::{text}\n")


def refuse(text: str) -> NoReturn:
    """Fail, and say why on the run's page."""
    sys.stdout.write(f"::error::{text}\n")
    sys.exit(2)


def quoted(text: str) -> str:
    """Return text as a block of code in Markdown: no name in it calls anyone, nothing is a link."""
    return "\n".join(f"    {line}" for line in text.splitlines())

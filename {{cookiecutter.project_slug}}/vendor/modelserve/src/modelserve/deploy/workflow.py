"""What a step of a workflow reads and writes: variables, outputs, the summary, annotations."""

import argparse
import json
import os
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path
from typing import NoReturn

FETCHED = Path("fetched")  # where `fetch-captures` writes
SERVED_MODEL = FETCHED / "model"
MANIFEST = "manifest.json"


def project_name() -> str:
    """Return the project's name, which is also the name of its command."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["name"])


def repository_variables() -> dict[str, str]:
    """Return the repository's variables that are not empty; `VARIABLES` holds them as JSON."""
    variables = json.loads(os.environ.get("VARIABLES") or "{}")
    return {name: str(value) for name, value in variables.items() if value}


def add_option(
    parser: argparse.ArgumentParser, name: str, *, variable: str, about: str, default: str = ""
) -> None:
    """Add an option whose default is an environment variable.

    Workflows set the variable: a value that starts with a hyphen cannot be taken for an option,
    and a shell never parses it.
    """
    parser.add_argument(
        name,
        default=os.environ.get(variable) or default,
        metavar=variable,
        help=f"{about} (environment variable {variable})",
    )


def run_project_command(*words: str) -> int:
    """Run a command of the project in its environment, and return the exit code."""
    return subprocess.run([Path(".venv", "bin", project_name()), *words], check=False).returncode


def set_output(**outputs: str) -> None:
    """Set outputs of this step."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        for key, value in outputs.items():
            end = uuid.uuid4()  # random, so that no value can contain it and add another output
            stream.write(f"{key}<<{end}\n{value}\n{end}\n")


def set_environment(**variables: str) -> None:
    """Set environment variables, each a single line, for the steps that follow."""
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in variables.items())


def append_summary(markdown: str) -> None:
    """Append text to the summary of the run."""
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as stream:
        stream.write(f"{markdown}\n")


def notice(text: str, title: str = "") -> None:
    """Show a notice on the page of the run."""
    sys.stdout.write(f"::notice{f' title={title}' if title else ''}::{text}\n")


def fail(text: str) -> NoReturn:
    """Show an error on the page of the run, and exit with 2."""
    sys.stdout.write(f"::error::{text}\n")
    sys.exit(2)


def code_block(text: str) -> str:
    """Return text as a Markdown code block, in which names mention nobody and links do not work."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def skip_fetch(reason: str) -> None:
    """Report that there is nothing to fetch captures from, which is no failure."""
    notice(reason, title="Nothing to compare with")
    set_output(configured="false")


def output_model_version() -> None:
    """Set the output `version`: that of the model in `model/`, which the image is built with."""
    manifest = json.loads(Path("model", MANIFEST).read_text(encoding="utf-8"))
    set_output(version=manifest["version"])

"""A project on GitHub, as far as its workflows can tell: settings, programs, and what was called.

GitHub's command line, nox and the project's own command are stand-ins.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tests.bakery import BakedProject, tool_environment
from tests.workflows import stand_in
from tests.workflows.runner import Run

NOX = ("uvx", "nox@2026.10.20", "-s")
SLUG = "octo-org/iris"
ADDRESS = f"https://github.example/{SLUG}"
PAGE = f"{ADDRESS}/actions/runs/77"


class Repository:
    """A repository whose settings and programs a test may change before it runs a workflow."""

    def __init__(self, project: BakedProject, folder: Path) -> None:
        """Copy the project, and put the stand-ins where its steps look for them."""
        self.path = folder / "project"
        shutil.copytree(project.path, self.path)
        self.folder = folder
        self.command = project.slug
        self.variables: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.replies: list[dict] = []
        self.programs = folder / "programs"
        stand_in.install(self.programs / "gh")
        stand_in.install(self.programs / "uvx")
        stand_in.install(self.path / ".venv" / "bin" / self.command)

    def reply(self, *call: str, **reply: Any) -> None:
        """Say what a stand-in does when it is called with these words."""
        self.replies.append({"call": call} | reply)

    def calls(self, *words: str) -> list[list[str]]:
        """Return the calls that begin with these words."""
        return [each["call"] for each in self.calls_with_input(*words)]

    def calls_with_input(self, *words: str) -> list[dict[str, Any]]:
        """Return the same, each with what it was given to read."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        return [each for each in calls if each["call"][: len(words)] == list(words)]

    def run(self, workflow: str, **inputs: str) -> Run:
        """Run a workflow."""
        (self.folder / "replies.json").write_text(json.dumps(self.replies), encoding="utf-8")
        environment = {
            "PATH": f"{self.programs}{os.pathsep}{tool_environment()['PATH']}",
            "HOME": str(self.folder),
            "STAND_INS": str(self.folder),
            "GITHUB_SERVER_URL": ADDRESS.removesuffix(f"/{SLUG}"),
            "GITHUB_REPOSITORY": SLUG,
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": PAGE.rpartition("/")[2],
        }
        contexts = {
            "github": {"token": "ghs_token", "repository": SLUG},
            "inputs": inputs,
            "vars": self.variables,
            "secrets": self.secrets,
        }
        return Run(self.path, self.folder / "run", environment, contexts).workflow(workflow)

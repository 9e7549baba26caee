"""A project on GitHub, as far as its workflows can tell: settings, programs, and what was called.

GitHub's command line, nox, the project's own command and other people's actions are stand-ins.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.bakery import BakedProject, tool_environment
from tests.workflows import others, stand_in
from tests.workflows.run import HOOK, Run

NOX = ("uvx", "nox@2026.10.20", "-s")
TARGETS = "vendor/modelserve/src/modelserve/deploy/targets"
SLUG = "octo-org/iris"
ADDRESS = f"https://github.com/{SLUG}"
PAGE = f"{ADDRESS}/actions/runs/1"
TOKEN = "ghs_token"
ENDS_WITHIN_S = 300  # act at times waits for ever for a terminal, after the last step of a run
# Steps run in bash on this machine, one job after another; every file is there, nothing is fetched.
ACT = (
    *("act", "--json", "--platform=ubuntu-24.04=-self-hosted", "--concurrent-jobs=1"),
    *("--no-cache-server", "--use-gitignore=false"),
)


class Repository:
    """A repository whose settings and programs a test may change before it runs a workflow."""

    def __init__(self, project: BakedProject, folder: Path) -> None:
        """Copy the project, and put the stand-ins where its steps look for them."""
        self.path = folder / "project"
        shutil.copytree(project.path, self.path)
        self.folder = folder
        self.kept.mkdir(parents=True)
        self.command = project.slug
        self.variables: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.replies: list[dict] = []
        self.programs = folder / "programs"
        for program in ("gh", "uvx"):
            stand_in.install(self.programs / program)
        stand_in.install(self.path / ".venv" / "bin" / self.command)

    @property
    def kept(self) -> Path:
        """Return where steps and stand-ins leave what they have to say."""
        return self.folder / "kept"

    def reply(self, *call: str, **reply: Any) -> None:
        """Say what a stand-in does when it is called with these words."""
        self.replies.append({"call": call} | reply)

    def receive_pushes(self) -> Path:
        """Let pushes arrive at a repository on this machine, and return its folder."""
        path = self.folder / "pushed.git"
        subprocess.run(["git", "init", "--quiet", "--bare", str(path)], check=True)
        config = f'[url "{path}"]\n\tinsteadOf = {ADDRESS}.git\n'
        (self.folder / ".gitconfig").write_text(config, encoding="utf-8")
        return path

    def calls(self, *words: str) -> list[list[str]]:
        """Return the calls of programs that begin with these words."""
        calls = [each["call"] for each in self.calls_with_input(*words)]
        return [each for each in calls if each[0] != "uses" or words]

    def calls_with_input(self, *words: str) -> list[dict[str, Any]]:
        """Return the calls, those of actions among them, each with what it was given to read."""
        path = self.kept / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        return [each for each in calls if each["call"][: len(words)] == list(words)]

    def inputs(self, action: str) -> list[dict[str, str]]:
        """Return the inputs of each call of someone else's action."""
        return [json.loads(each["input"]) for each in self.calls_with_input("uses", action)]

    def run(self, workflow: str, event: str = "workflow_dispatch", **inputs: str) -> Run:
        """Run a workflow."""
        (self.kept / "replies.json").write_text(json.dumps(self.replies), encoding="utf-8")
        hook = self.folder / "hook.sh"
        hook.write_text(HOOK, encoding="utf-8")
        self._commit()
        plans = [
            *(self.path / ".github").glob("*/*.yml"),
            *(self.path / ".github").glob("*/*/*.yml"),
        ]
        options = others.lay(self.folder / "others", plans)
        options += [f"--input={name}={value}" for name, value in inputs.items()]
        options += [f"--var={name}={value}" for name, value in self.variables.items()]
        secrets = {"GITHUB_TOKEN": TOKEN} | self.secrets
        options += [f"--secret={name}={value}" for name, value in secrets.items()]
        with subprocess.Popen(
            [*ACT, event, f"--workflows=.github/workflows/{workflow}", *options],
            cwd=self.path,
            env={
                "PATH": f"{self.programs}{os.pathsep}{tool_environment()['PATH']}",
                "HOME": str(self.folder),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                "STAND_INS": str(self.kept),
                "BASH_ENV": str(hook),
            },
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as act:
            try:
                out, err = act.communicate(timeout=ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                act.kill()  # what it has printed is judged
                out, err = act.communicate()
        return Run(self.path, self.kept, workflow, out, err)

    def _commit(self) -> None:
        """Give the repository the one commit and the address that act asks for."""
        who = ("-c", "user.name=octocat", "-c", "user.email=octocat@github.example")
        for words in (
            ("init", "--quiet", "--initial-branch=main"),
            ("remote", "add", "origin", f"{ADDRESS}.git"),
            (*who, "commit", "--quiet", "--allow-empty", "--message=All of it"),
        ):
            subprocess.run(["git", *words], cwd=self.path, check=True, stdout=subprocess.DEVNULL)

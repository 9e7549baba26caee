"""Commit folders with git, and update projects with cruft, as a user does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bakery import tool_environment

IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
}


def run_in(folder: Path, *command: str, given: str = "") -> str:
    """Run a command, which must succeed, and return what it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=tool_environment() | IDENTITY,
        check=False,
        input=given,
        text=True,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as nobody in particular."""
    return run_in(folder, "git", *words)


def commit_all(folder: Path) -> None:
    """Commit everything in a folder, which becomes a repository if it is none."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=State")


def cruft(folder: Path, *words: str) -> str:
    """Run cruft in a folder, and return what it prints."""
    return run_in(folder, sys.executable, "-m", "cruft", *words)

"""What an artifact was trained from: git's commit, changes beside it, Python and the platform."""

import platform
import re
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from .manifest import Manifest

# What a training run reads. The data have a hash of their own.
INPUTS = ("config", "pyproject.toml", "requirements", "src", "vendor")
TIMEOUT_S = 10
HASH = re.compile(r"[0-9a-f]{7,64}")

NO_COMMIT = (
    "unknown: run `git init`, `git add --all` and `git commit`, and train again, to trace the "
    "model to its code"
)
DIRTY = "with changes that no commit has: commit them, then train again"


@dataclass(frozen=True)
class GitState:
    """The commit that is checked out, and whether the inputs of training differ from it.

    Both are None outside a repository.
    """

    commit: str | None
    dirty: bool | None


def git(folder: Path, *words: str, timeout_s: float = TIMEOUT_S) -> str | None:
    """Return what git prints; None where it fails, or is not there."""
    try:
        done = subprocess.run(
            ["git", *words],  # noqa: S607  whichever git the user has
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=timeout_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def git_state(project: Path) -> GitState:
    """Return the state of a project's repository."""
    commit = git(project, "rev-parse", "HEAD")
    if commit is None:
        return GitState(None, None)
    changed = git(project, "status", "--porcelain", "--untracked-files=all", "--", *INPUTS)
    return GitState(commit.strip(), None if changed is None else bool(changed))


def has_commit(project: Path, commit: str) -> bool:
    """Return whether a repository has a commit, named by its hash and nothing else."""
    named = HASH.fullmatch(commit) is not None
    return named and git(project, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def python_version() -> str:
    """Return the implementation and version of this Python, such as "CPython 3.12.4"."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def platform_name() -> str:
    """Return the platform, such as "linux-x86_64"."""
    return sysconfig.get_platform()


def describe_commit(manifest: Manifest) -> str:
    """Return the commit of a model, with the way out where it does not name the code."""
    if manifest.git_commit is None:
        return NO_COMMIT
    dirty = manifest.origin and manifest.origin.dirty
    return f"{manifest.git_commit}, {DIRTY}" if dirty else manifest.git_commit

"""Commit to a branch of the repository, and open a pull request for it, or renew the open one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import workflow

MAX_BODY_CHARACTERS = 60_000  # GitHub accepts 65,536
AUTHOR = (
    *("-c", "user.name=github-actions[bot]"),
    *("-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com"),
)


def run(*words: str) -> str:
    """Run a program and return its output, or print the output and exit with its exit code."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.stdout.write(done.stdout)
        sys.exit(done.returncode)
    return done.stdout


def run_url() -> str:
    """Return the address of this run."""
    server, repository = os.environ["GITHUB_SERVER_URL"], os.environ["GITHUB_REPOSITORY"]
    return f"{server}/{repository}/actions/runs/{os.environ['GITHUB_RUN_ID']}"


def switch_branch(branch: str) -> str:
    """Start a branch at the checked-out commit; return the name of the branch before."""
    base = run("git", "rev-parse", "--abbrev-ref", "HEAD").strip()
    run("git", "switch", "--quiet", "--force-create", branch)
    return base


def commit_and_open(branch: str, *, base: str, title: str, body: Path) -> None:
    """Commit the staged changes, push the branch, and open or renew its pull request.

    Args:
        branch: the checked-out branch, whose earlier commits on GitHub are replaced.
        base: the branch to merge into.
        title: of the commit and of the pull request.
        body: the file with the text of the pull request.
    """
    run("git", *AUTHOR, "commit", "--quiet", f"--message={title}")
    run("gh", "auth", "setup-git")
    run("git", "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
    open_ones = json.loads(run("gh", "pr", "list", f"--head={branch}", "--json=number"))
    if open_ones:
        run("gh", "pr", "edit", str(open_ones[0]["number"]), f"--body-file={body}")
        return
    words = ("pr", "create", f"--base={base}", f"--head={branch}", f"--title={title}")
    workflow.notice(run("gh", *words, f"--body-file={body}").strip(), title="Pull request")

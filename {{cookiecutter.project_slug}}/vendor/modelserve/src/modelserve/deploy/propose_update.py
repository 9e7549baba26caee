"""Open a pull request that updates the project to the newest release of its template.

Two jobs share the work: `prepare` runs the template's hooks and has no permission to write; `open`
has it, and runs nothing of what it is given.
"""

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

from . import workflow
from .pull_request import MAX_BODY_CHARACTERS, commit_and_open, run, run_url, switch_branch

STATE = Path(".cruft.json")
CHANGELOG = "CHANGELOG.md"
CRUFT = "cruft@2.16.0"
PROPOSAL = Path("proposal")
BODY, RELEASE = PROPOSAL / "body.md", PROPOSAL / "release.txt"
PATCH = PROPOSAL / "update.patch"
# Apart, since GitHub's own token may not change workflows.
WORKFLOWS, WORKFLOWS_PATCH = ".github/workflows", PROPOSAL / "workflows.patch"
RELEASED = re.compile(r"v\d+(\.\d+)*")
MAX_NOTES_CHARACTERS = MAX_BODY_CHARACTERS - 10_000  # what else the pull request says


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `propose-update`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, action in (("prepare", prepare), ("open", open_request)):
        about = (action.__doc__ or "").partition("\n")[0]
        command = actions.add_parser(name, help=about, description=about)
        command.set_defaults(action=action)
        workflow.add_option(
            command,
            "--may-change-workflows",
            variable="MAY_CHANGE_WORKFLOWS",
            about="`true` if the token in GH_TOKEN may change workflows",
        )


def newest_release(template: Path, commit: str) -> str:
    """Return the template's newest tag `v1.2.3`; empty if there is none or a commit contains it.

    Args:
        template: a clone of the template.
        commit: the one that the project was made from, or updated to.
    """
    listed = ("tag", "--list", "v*", "--sort=-version:refname")
    tags = run("git", "-C", str(template), *listed).split()
    newest = next((tag for tag in tags if RELEASED.fullmatch(tag)), "")
    contained = ("git", "-C", str(template), "merge-base", "--is-ancestor", newest, commit)
    if newest and subprocess.run(contained, check=False).returncode == 0:
        return ""
    return newest


def update_notes(older: str, newer: str) -> str:
    """Return the released sections of a changelog that an older one lacks."""
    known = {section.partition("\n")[0] for section in sections(older)}
    added = (text for text in sections(newer) if text.partition("\n")[0] not in known)
    return "\n".join(
        text.strip() for text in added if "[Unreleased]" not in text.partition("\n")[0]
    )


def sections(changelog: str) -> list[str]:
    """Return the sections of a changelog, each with its heading."""
    return re.split(r"^(?=## )", changelog, flags=re.MULTILINE)[1:]


def prepare(_options: argparse.Namespace) -> None:
    """Update the working tree, and write what changed and the release's notes to `proposal/`."""
    if not STATE.exists():
        skip("There is no .cruft.json: link the project to its template with `uvx cruft link`.")
        return
    state = json.loads(STATE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        run("git", "clone", "--quiet", "--bare", "--", state["template"], folder)
        release = newest_release(Path(folder), state["commit"])
        if not release:
            skip("The template has no release that this project lacks.")
            return
        commits = (state["commit"], release)
        notes = update_notes(*(show_changelog(Path(folder), commit) for commit in commits))
    run("uvx", CRUFT, "update", "--skip-apply-ask", f"--checkout={release}")
    conflicts = run("git", "diff", "--name-only", "--diff-filter=U").splitlines()
    run("git", "add", "--all")
    conflicts += run("git", "diff", "--cached", "--name-only", "HEAD", "--", "*.rej").splitlines()
    PROPOSAL.mkdir(exist_ok=True)
    for patch, paths in ((PATCH, (".", f":!{WORKFLOWS}")), (WORKFLOWS_PATCH, (WORKFLOWS,))):
        run("git", "diff", "--cached", "--binary", f"--output={patch}", "HEAD", "--", *paths)
    RELEASE.write_text(release, encoding="utf-8")
    body = [f"`cruft update` to {release} of the template, by {run_url()}.", *warn(conflicts)]
    BODY.write_text("\n\n".join([*body, notes[:MAX_NOTES_CHARACTERS]]), encoding="utf-8")
    workflow.set_output(prepared="true")


def show_changelog(template: Path, commit: str) -> str:
    """Return the template's changelog as of a commit; empty if there is none."""
    words = ("git", "-C", str(template), "show", f"{commit}:{CHANGELOG}")
    done = subprocess.run(words, check=False, capture_output=True, text=True, encoding="utf-8")
    return done.stdout


def warn(conflicts: list[str]) -> list[str]:
    """Return the paragraphs of the pull request that name the files with conflicts."""
    if not conflicts:
        return []
    return [
        "**Resolve the conflicts in these files before you merge:**",
        workflow.code_block("\n".join(sorted(set(conflicts)))),
    ]


def skip(reason: str) -> None:
    """Report that there is nothing to update to, which is no failure."""
    workflow.notice(reason, title="No update")
    workflow.set_output(prepared="false")


def open_request(options: argparse.Namespace) -> None:
    """Commit the prepared changes to a branch, and open its pull request, or renew the open one."""
    release = RELEASE.read_text(encoding="utf-8").strip()
    if not RELEASED.fullmatch(release):
        workflow.fail(f"The proposal names no release: {release!r}.")
    branch = f"update/{release}"
    base = switch_branch(branch)
    apply(PATCH)
    if options.may_change_workflows == "true":
        apply(WORKFLOWS_PATCH)
    else:
        text = BODY.read_text(encoding="utf-8")
        BODY.write_text(f"{text}\n\n{explain_token(branch)}", encoding="utf-8")
    commit_and_open(branch, base=base, title=f"Update the template to {release}", body=BODY)


def apply(patch: Path) -> None:
    """Apply a patch to what is committed next, unless it is empty."""
    if patch.stat().st_size:
        run("git", "apply", "--cached", str(patch))


def explain_token(branch: str) -> str:
    """Return what a person has to do since the pull request is by GitHub's own token."""
    text = "Close and reopen this pull request to start its checks: GitHub's own token starts none."
    if not WORKFLOWS_PATCH.stat().st_size:
        return text
    commands = (
        f"gh run download {run_url().rpartition('/')[2]} --name proposal --dir proposal",
        f"git fetch origin && git switch {branch}",
        f"git apply --index {WORKFLOWS_PATCH.as_posix()}",
        'git commit --message "Update the workflows" && git push',
    )
    return (
        f"**The changes of `{WORKFLOWS}/` are missing**: GitHub's own token may not make them. Add "
        f"them before you merge, which starts the checks, too:\n\n"
        f"{workflow.code_block(chr(10).join(commands))}\n\n"
        "With the secret `UPDATE_TOKEN`, the next pull request holds them."
    )


def main(options: argparse.Namespace) -> None:
    """Prepare the pull request, or open it."""
    options.action(options)

"""A weekly run updates a project to its template's newest release, and opens a pull request."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bakery import BakedProject
from tests.history import commit_all, cruft, git
from tests.workflows import stand_in
from tests.workflows.repository import Repository
from tests.workflows.run import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the steps run in bash"),
]

RELEASE = "v99.1.0"
BRANCH = f"update/{RELEASE}"
CHANGED = ["SECURITY.md", ".github/workflows/ci.yml"]
PROPOSED = ["body.md", "release.txt", "update.patch", "workflows.patch"]
NOTES = f"## [{RELEASE[1:]}] - 2026-01-31\n\n- Something new.\n"


class Upstream:
    """A template that was released once, and a repository that was made from that release."""

    def __init__(self, template, folder: Path) -> None:
        """Release the template, make a project of it, and put the real cruft at its hand."""
        self.template = template
        self.changelog = template.path / "CHANGELOG.md"
        self.changelog.write_text("# Changelog\n\n## [99.0.0] - 2026-01-01\n\n- All.\n", "utf-8")
        commit_all(template.path)
        git(template.path, "tag", "v99.0.0")
        cruft(folder, "create", str(template.path), "--no-input", "--checkout=v99.0.0")
        path = folder / "iris-classifier"
        state = json.loads((path / ".cruft.json").read_text(encoding="utf-8"))
        commit_all(path)
        project = BakedProject(path, state["context"]["cookiecutter"])
        self.repository = Repository(project, folder / "repository")
        self.pushed = self.repository.receive_pushes()
        self.repository.reply("gh", "pr", "list", says="[]")
        self.use_cruft()

    def use_cruft(self) -> None:
        """Run cruft where a step asks uvx for it; record any other call."""
        uvx = self.repository.programs / "uvx"
        others = uvx.with_name("uvx-stand-in")
        stand_in.install(others)
        real = f'case $1 in cruft@*) shift; exec "{sys.executable}" -m cruft "$@";; esac'
        uvx.write_text(f'#!/bin/sh\n{real}\nexec "{others}" "$@"\n', encoding="utf-8")

    def release(self, tag: str = RELEASE, changed: list[str] | None = None) -> None:
        """Change some files of the template, and tag it."""
        for name in CHANGED if changed is None else changed:
            self.template.write(name, "# Of the next release.\n")
        text = self.changelog.read_text(encoding="utf-8")
        self.changelog.write_text(
            text.replace("\n## ", f"\n## [Unreleased]\n\n- Not yet.\n\n{NOTES}\n## ", 1), "utf-8"
        )
        commit_all(self.template.path)
        git(self.template.path, "tag", tag)

    def run(self) -> Run:
        """Run the workflow as each week."""
        return self.repository.run("update.yml", "schedule")

    def proposed(self) -> set[str]:
        """Return the names of the files that the pull request changes."""
        shown = git(self.pushed, "show", "--name-only", "--format=", BRANCH)
        return set(shown.split())

    @property
    def body(self) -> str:
        """Return the text that the pull request was opened with."""
        return (self.repository.kept / "body.md").read_text(encoding="utf-8")


@pytest.fixture
def upstream(template, tmp_path: Path) -> Upstream:
    """Return a template and a project of it, to which nothing was released since."""
    (tmp_path / "made").mkdir()
    made = Upstream(template, tmp_path / "made")
    gh = made.repository.programs / "gh"
    lines = gh.read_text(encoding="utf-8").split("\n", 1)
    kept = (
        'for word; do case $word in --body-file=*) cp "${word#*=}" "$STAND_INS/body.md"; esac; done'
    )
    gh.write_text(f"{lines[0]}\n{kept}\n{lines[1]}", encoding="utf-8")
    return made


def test_a_release_is_proposed_with_its_notes(upstream: Upstream) -> None:
    """Without the workflows, which GitHub's own token may not change; the text says what to do."""
    upstream.release()
    run = upstream.run()
    assert run.jobs == {"update": "success", "propose": "success"}, run.log
    assert run.artifacts == {"proposal": PROPOSED}
    assert upstream.proposed() == {".cruft.json", "SECURITY.md"}
    state = json.loads(git(upstream.pushed, "show", f"{BRANCH}:.cruft.json"))
    assert state["checkout"] == RELEASE
    assert state["commit"] == git(upstream.template.path, "rev-parse", RELEASE).strip()
    (created,) = upstream.repository.calls("gh", "pr", "create")
    assert {"--base=main", f"--head={BRANCH}"} < {*created}
    assert NOTES.strip() in upstream.body
    assert "99.0.0" not in upstream.body
    assert "Not yet." not in upstream.body
    assert "conflicts" not in upstream.body


def test_the_commands_of_the_text_add_the_workflows(upstream: Upstream, tmp_path: Path) -> None:
    """As a person types them in a clone, after the download of the artifact."""
    upstream.release()
    upstream.run()
    assert "`.github/workflows/` are missing" in upstream.body
    lines = upstream.body.partition("are missing")[2].splitlines()
    download, *commands = [line.strip() for line in lines if line.startswith("    ")]
    assert download == "gh run download 1 --name proposal --dir proposal"
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, str(upstream.pushed), str(clone))
    source = upstream.repository.kept / "artifacts" / "proposal"
    (clone / "proposal").symlink_to(source)
    git(clone, "config", "user.name", "Somebody")
    git(clone, "config", "user.email", "somebody@example.com")
    done = subprocess.run(
        ["bash", "-ec", "\n".join(commands)], cwd=clone, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert upstream.proposed() == {".github/workflows/ci.yml"}


def test_with_a_token_of_its_own_the_pull_request_has_the_workflows(upstream: Upstream) -> None:
    """And starts its checks, so that its text asks for nothing."""
    upstream.repository.secrets["UPDATE_TOKEN"] = "ghp_token"
    upstream.release()
    upstream.run()
    assert upstream.proposed() == {".cruft.json", *CHANGED}
    assert "token" not in upstream.body


def test_an_update_without_workflows_asks_for_its_checks_only(upstream: Upstream) -> None:
    """GitHub starts none for a pull request by its own token."""
    upstream.release(changed=["SECURITY.md"])
    upstream.run()
    assert "Close and reopen this pull request to start its checks" in upstream.body
    assert "missing" not in upstream.body


def test_a_conflict_is_named(upstream: Upstream) -> None:
    """The branch holds both versions, for a person to choose from."""
    security = upstream.repository.path / "SECURITY.md"
    security.write_text(security.read_text("utf-8") + "Edited by the user\n", "utf-8")
    commit_all(upstream.repository.path)
    upstream.release()
    run = upstream.run()
    assert run.jobs["propose"] == "success", run.log
    assert "**Resolve the conflicts in these files before you merge:**\n\n    SECURITY.md" in (
        upstream.body
    )
    text = git(upstream.pushed, "show", f"{BRANCH}:SECURITY.md")
    assert "<<<<<<< " in text
    assert "Edited by the user" in text


def test_an_open_pull_request_is_renewed(upstream: Upstream) -> None:
    upstream.repository.replies.insert(0, {"call": ("gh", "pr", "list"), "says": '[{"number": 7}]'})
    upstream.release()
    upstream.run()
    assert upstream.repository.calls("gh", "pr", "create") == []
    ((*edited, _),) = upstream.repository.calls("gh", "pr", "edit")
    assert edited == ["gh", "pr", "edit", "7"]


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("", id="none"),
        pytest.param("v100.0.0-rc1", id="candidate"),
        pytest.param("nightly", id="other"),
    ],
)
def test_nothing_is_proposed_without_a_newer_release(upstream: Upstream, tag: str) -> None:
    """Commits of the template and tags of another form are none."""
    if tag:
        upstream.release(tag)
    run = upstream.run()
    assert run.jobs == {"update": "success", "propose": "skipped"}, run.log
    assert "no release that this project lacks" in run.log
    assert run.artifacts == {}


def test_a_project_that_is_ahead_of_the_release_is_not_taken_back(upstream: Upstream) -> None:
    """It was updated to a commit after the newest tag."""
    upstream.release()
    upstream.template.write("SECURITY.md", "# Not released.\n")
    commit_all(upstream.template.path)
    state = upstream.repository.path / ".cruft.json"
    newest = json.loads(state.read_text("utf-8")) | {
        "commit": git(upstream.template.path, "rev-parse", "HEAD").strip()
    }
    state.write_text(json.dumps(newest), encoding="utf-8")
    commit_all(upstream.repository.path)
    run = upstream.run()
    assert run.jobs == {"update": "success", "propose": "skipped"}, run.log


def test_a_project_without_a_link_to_its_template_is_left_alone(repository: Repository) -> None:
    """cookiecutter makes one; the notice says how to link it."""
    run = repository.run("update.yml", "schedule")
    assert run.jobs == {"update": "success", "propose": "skipped"}, run.log
    assert "uvx cruft link" in run.log
    assert repository.calls() == []


def test_an_update_that_fails_fails_the_run_with_its_reason(upstream: Upstream) -> None:
    """Such as files of a project that git does not know."""
    (upstream.repository.path / "untracked.txt").touch()
    upstream.release()
    run = upstream.run()
    assert run.jobs == {"update": "failure", "propose": "skipped"}, run.log
    assert "unclean git project" in run.log

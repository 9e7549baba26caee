"""However the template is used, it makes the same project."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException
from cookiecutter.hooks import run_hook
from cookiecutter.utils import work_in

from tests.bakery import (
    CHOICES,
    TEMPLATE,
    Answers,
    BakedProject,
    bake_into,
    covering_set,
    literal,
    name_of,
    tool_environment,
    write_config,
)

GUARD = """
import sys

FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")

def refuse(event, arguments):
    if event.startswith(FORBIDDEN):
        raise SystemExit(f"a hook used {event}")

sys.addaudithook(refuse)
"""


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hooks start no other program and open no socket, and put no program on the path."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(guard))
    monkeypatch.setenv("PATH", "")


@pytest.mark.usefixtures("guarded")
def test_hooks_need_no_network_and_no_other_program(bake) -> None:
    """So a bake works offline, and never waits."""
    assert "README.md" in bake().files()


@pytest.mark.usefixtures("guarded")
def test_a_hook_that_opens_a_socket_would_be_seen(template, capfd) -> None:
    """The guard of the test above does guard."""
    hook = template.path / "hooks" / "post_gen_project.py"
    hook.write_text(f"import {socket.__name__}\nsocket.socket()\n", encoding="utf-8")
    with pytest.raises(FailedHookException):
        template.bake()
    assert "a hook used socket." in capfd.readouterr().err


def test_a_second_run_of_the_hook_changes_nothing(bake) -> None:
    """`cruft update` runs hooks more than once."""
    project = bake()
    before = project.contents()
    with work_in(TEMPLATE):
        run_hook("post_gen_project", project.path, {"cookiecutter": project.answers})
    assert project.contents() == before


def test_hooks_leave_nothing_behind(project: BakedProject) -> None:
    """No overlays, no bytecode, no marks of their own."""
    assert not [path for path in project.path.iterdir() if path.name.startswith("_")]
    assert not list(project.path.rglob("__pycache__"))


def test_the_next_two_commands_are_printed(bake, capfd) -> None:
    """In plain text, ready to be copied."""
    bake(project_name="Prévision")
    said = capfd.readouterr().out.replace(os.linesep, "\n")
    assert "\n  cd prevision\n  uvx nox -s serve\n" in said


def test_baking_over_a_project_renews_it(bake) -> None:
    """With `-f` the template's files come back, and the user's own stay, whatever they hold."""
    project = bake()
    before = project.contents()
    (project.path / "README.md").write_text("mine", encoding="utf-8")
    (project.path / "requirements" / "serving.txt").unlink()
    mine = {"mine.txt": b"mine", "mine.yml": b"{{ mine }}: [", "src/mine.py": b"def mine(:"}
    for name, content in mine.items():
        (project.path / name).write_bytes(content)
    again = bake_into(project.path.parent, {}, overwrite_if_exists=True)
    assert again.contents() == before | mine


def test_a_bake_can_be_replayed(tmp_path: Path, bake) -> None:
    """Odd answers too: a replay renders none of them."""
    project = bake(project_name=literal('The {{ odd }} "one"'), github_owner="octo-org")
    replay = tmp_path / "output-config" / "replay" / f"{TEMPLATE.name}.json"
    kept = shutil.copy(replay, tmp_path / "kept.json")
    again = bake_into(tmp_path / "again", {}, replay=str(kept))
    assert again.contents() == project.contents()


def cookiecutter(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter as a user does, with an empty configuration."""
    config = write_config(folder / "config")
    command = [sys.executable, "-m", "cookiecutter", *arguments, "--config-file", str(config)]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


def test_without_hooks_the_base_tree_is_made(tmp_path: Path) -> None:
    """`--accept-hooks no` leaves the overlays where they are, for the wary to look at."""
    cookiecutter(str(TEMPLATE), "--no-input", "--accept-hooks", "no", folder=tmp_path)
    assert (tmp_path / "iris-classifier" / "_options").is_dir()
    assert (tmp_path / "iris-classifier" / "pyproject.toml").is_file()


def test_the_questions_can_be_answered_by_return_alone(tmp_path: Path) -> None:
    """Every default is an answer, and every question is printed."""
    config = write_config(tmp_path / "config")
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--config-file", str(config)],
        cwd=tmp_path, input="\n" * 20, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "Which kind of model will the service answer from?" in done.stdout
    assert (tmp_path / "iris-classifier" / "README.md").is_file()


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs git in a folder, as nobody in particular."""
    if not shutil.which("git"):
        pytest.skip("cruft needs git, and there is none here")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)

    def run_git(folder: Path, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    return run_git


def commit_all(git, folder: Path) -> None:
    """Commit everything in a folder, which becomes a repository if it is none."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=State")


def cruft(*arguments: str, folder: Path) -> str:
    """Run cruft, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "cruft", *arguments],
        cwd=folder, env=tool_environment(), check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("answers", covering_set(), ids=name_of)
def test_cruft_creates_and_updates_a_project(
    tmp_path: Path, template, git, shared_bake, answers: Answers
) -> None:
    """A change of the template reaches a project that was made before, and nothing else does."""
    project = shared_bake(name_of(answers))
    commit_all(git, template.path)
    chosen = json.dumps({question: project.answers[question] for question in CHOICES})
    context = ("--extra-context", chosen)
    cruft("create", str(template.path), "--no-input", *context, folder=tmp_path)
    made = BakedProject(tmp_path / project.slug, project.answers)
    assert set(made.files()) - {".cruft.json"} == set(project.files())

    commit_all(git, made.path)
    assert "up to date" in cruft("update", "-y", folder=made.path)

    template.write("README.md", "\nA line from the template.\n")
    framework = project.answers["__framework"]
    template.write(f"_options/framework/{framework}/requirements/serving.txt", "# renewed\n")
    commit_all(git, template.path)
    before = made.contents()
    cruft("update", "-y", folder=made.path)
    changed = {name for name, content in made.contents().items() if before.get(name) != content}
    assert changed == {"README.md", ".cruft.json", "requirements/serving.txt"}
    assert made.read("README.md").endswith("\nA line from the template.\n")

"""However the template is used, it makes the same project."""

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

from tests.bakery import TEMPLATE, BakedProject, bake_into, literal, write_config

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
    assert "\n  git init\n  git add --all\n  git commit --message" in said


def test_a_history_is_suggested_where_there_is_none(tmp_path: Path, bake, capfd) -> None:
    """In a repository, or in a folder of one, it has begun."""
    (tmp_path / ".git").mkdir()
    bake()
    said = capfd.readouterr().out
    assert "uvx nox -s serve" in said
    assert "git init" not in said


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

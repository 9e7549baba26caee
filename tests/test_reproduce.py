"""From a bake to an artifact that is made again byte by byte, from git's history alone."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bakery import BakedProject, bake_into, tool_environment

pytestmark = [
    pytest.mark.covering,
    pytest.mark.skipif(sys.platform == "win32", reason="processes end by signals"),
]

WITHIN_S = 60


class Clone:
    """A clone of a project's repository, with the artifact beside its code.

    Args:
        path: of the clone.
        project: the one that was baked.
        python: of an environment with its training lock.
    """

    def __init__(self, path: Path, project: BakedProject, python: Path) -> None:
        self.path, self.project, self.python = path, project, python
        self.scratch = path.with_name(f"{path.name}-scratch")
        self.scratch.mkdir()

    @property
    def command(self) -> list[str]:
        """Return the words that start the project's command line."""
        return [str(self.python), "-m", self.project.package]

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment in which the project is importable."""
        paths = (self.path / "src", self.path / "vendor" / "modelserve" / "src")
        return tool_environment() | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "TMPDIR": str(self.scratch),
            "COLUMNS": "200",
        }

    def run(self, *words: str, expected: int = 0) -> str:
        """Run a command of the project's, and return what it printed."""
        done = subprocess.run(
            [*self.command, *words],
            cwd=self.path,
            env=self.environment,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == expected, done.stdout[-4_000:]
        return done.stdout

    def leftovers(self) -> list[Path]:
        """Return the temporary folders of checkouts."""
        return list(self.scratch.glob("modelserve-reproduce-*"))

    def change(self, name: str, old: str, new: str) -> None:
        """Change a file of the clone."""
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> BakedProject:
    """Return a project that was committed as its bake suggests."""
    project = bake_into(tmp_path_factory.mktemp("reproduce") / "output", {})
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (["init"], ["add", "--all"], ["commit", "--message", "Begin"]):
        done = project.run("git", *author, *words)
        assert done.returncode == 0, done.stdout
    return project


@pytest.fixture(scope="module")
def trained(project: BakedProject) -> Path:
    """Train the project in an environment from its hashed lock; return that one's Python."""
    folder = project.path.parent / "environment"
    install = ("pip", "install", "--python", str(folder), "--require-hashes")
    for words in (
        ("venv", "--python", sys.executable, str(folder)),
        (*install, "--requirement", "requirements/training.txt"),
    ):
        done = project.run("uv", *words, "--quiet")
        assert done.returncode == 0, done.stdout
    python = folder / "bin" / "python"
    first = Clone(project.path, project, python)
    assert "unknown" not in first.run("train")
    return python


@pytest.fixture
def clone(project: BakedProject, trained: Path, tmp_path: Path) -> Iterator[Clone]:
    """Return a fresh clone, which has the artifact, as from a release, and nothing else."""
    path = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(project.path), str(path)], check=True)
    shutil.copytree(project.path / "model", path / "model")
    clone = Clone(path, project, trained)
    yield clone
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=path, check=True, capture_output=True, text=True
    )
    assert len(listed.stdout.splitlines()) == 1


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of an artifact but its manifest."""
    paths = (path for path in folder.iterdir() if path.name != "manifest.json")
    return {path.name: path.read_bytes() for path in paths}


def test_an_artifact_is_made_again_from_the_history_alone(clone: Clone) -> None:
    """Whatever lies in the working tree: other code, other data, another lock."""
    clone.change("data/iris.csv", "5.1,3.5", "5.7,3.5")
    clone.change("config/training.toml", "seed = 42", "seed = 43")
    said = clone.run("reproduce", "--in-clean-checkout")
    assert "Reproduced: every file in reproduced is the same." in said
    assert contents(clone.path / "reproduced") == contents(clone.path / "model")
    assert clone.leftovers() == []


def test_a_model_that_replaced_another_is_made_again(clone: Clone) -> None:
    clone.change("data/iris.csv", "5.1,3.5", "5.7,3.5")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    words = ("git", *author, "commit", "--quiet", "--all", "--message", "Change the data")
    subprocess.run(words, cwd=clone.path, check=True)
    clone.run("train")
    said = clone.run("reproduce", "--in-clean-checkout")
    assert "but for what MODEL_CARD.md and evaluation.json say about the last model" in said
    before, after = (contents(clone.path / name) for name in ("model", "reproduced"))
    differing = {name for name in before | after if before.get(name) != after.get(name)}
    assert differing == {"MODEL_CARD.md", "evaluation.json"}


def test_what_was_changed_in_the_working_tree_is_named(clone: Clone) -> None:
    clone.change("data/iris.csv", "5.1,3.5", "5.7,3.5")
    clone.change("config/training.toml", "seed = 42", "seed = 43")
    clone.change("requirements/training.txt", "#", "# changed")
    clone.change(f"src/{clone.project.package}/model.py", "\n", "\n# changed\n")
    said = clone.run("reproduce", expected=1)
    assert "Not reproduced" in said
    assert "code, lock, configuration, seed, data." in said
    assert "outputs on the golden cases differ by at most" in said


def test_a_run_that_is_ended_leaves_nothing_behind(clone: Clone) -> None:
    with subprocess.Popen(
        [*clone.command, "reproduce", "--in-clean-checkout"],
        cwd=clone.path,
        env=clone.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + WITHIN_S
        while not list(clone.scratch.glob("*/clone/src")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
    assert process.returncode == 143
    assert clone.leftovers() == []
    assert not (clone.path / "reproduced").exists()

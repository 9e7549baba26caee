"""A checkout leaves nothing behind, whatever ends it."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from modelserve.errors import ReproductionError
from modelserve.reproduction import checkout

from tests.engine.reproduction.conftest import Repository

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes end by signals")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the temporary folders of a test apart."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def ended_process() -> int:
    """Return the number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_the_folder_is_removed_after_an_error(scratch: Path) -> None:
    with suppress(SystemExit), checkout.scratch_folder() as folder:
        assert folder.is_dir()
        sys.exit(143)
    assert not list(scratch.iterdir())


def test_the_folders_of_killed_processes_are_removed(scratch: Path, tmp_path: Path) -> None:
    gone = scratch / f"{checkout.PREFIX}{ended_process()}-a"
    alive = scratch / f"{checkout.PREFIX}{os.getppid()}-b"
    other = scratch / f"{checkout.PREFIX}x-y"
    precious = tmp_path / "precious"
    for folder in (gone / "clone", alive, other, precious):
        folder.mkdir(parents=True)
    link = scratch / f"{checkout.PREFIX}{ended_process()}-c"
    link.symlink_to(precious)
    with checkout.scratch_folder():
        pass
    assert not gone.exists()
    assert all(path.exists() for path in (alive, other, precious, link))


def test_a_command_ends_with_all_that_it_started(tmp_path: Path) -> None:
    """The shell starts a second process, which would go on alone."""
    mark = tmp_path / "mark"
    script = f"(sleep 60; touch {mark}) & echo $! > {mark}.pid; wait"
    main = f"""
import signal, sys
from pathlib import Path
from modelserve.commands.reproduce import ended_by_signals
from modelserve.reproduction.checkout import run
with ended_by_signals():
    run("sh", "-c", {script!r}, folder=Path({str(tmp_path)!r}))
"""
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", main], env=variables) as process:
        pid = Path(f"{mark}.pid")
        while not (pid.is_file() and pid.read_text(encoding="ascii").strip()):
            time.sleep(0.05)
        process.terminate()
    assert process.returncode == 143
    started = int(pid.read_text(encoding="ascii"))
    deadline = time.monotonic() + 10
    while _runs(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(started)


def _runs(pid: int) -> bool:
    """Return whether a process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_command_knows_nothing_of_this_process_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "GIT_DIR", "GIT_WORK_TREE")
    for name in names:
        monkeypatch.setenv(name, "/elsewhere")
    given = "".join(f"${name}" for name in names)
    checkout.run("sh", "-c", f'test "{given}" = mine', folder=tmp_path, PYTHONPATH="mine")


def test_a_failed_command_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ReproductionError, match=r"`sh -c echo.*` failed.*\n.*reason"):
        checkout.run("sh", "-c", "echo reason; exit 3", folder=tmp_path)
    with pytest.raises(ReproductionError, match="cannot be started"):
        checkout.run("no-such-program", folder=tmp_path)


@pytest.mark.parametrize(
    ("commit", "complaint"),
    [
        pytest.param(None, "names no commit", id="none"),
        pytest.param("c0ffee" * 6, "is not in the repository", id="unknown"),
        pytest.param("--output=x", "is not in the repository", id="an-option"),
    ],
)
def test_a_commit_that_is_not_there_is_said(
    repository: Repository, scratch: Path, commit: str | None, complaint: str
) -> None:
    manifest = repository.rewrite_manifest(git_commit=commit).manifest
    output = repository.root / "reproduced"
    with pytest.raises(ReproductionError, match=complaint):
        checkout.train_from_history(manifest, repository.root, repository.project.package, output)
    assert not list(scratch.iterdir())


def test_without_uv_the_way_out_is_named(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReproductionError, match="pip install uv"):
        checkout.make_environment(repository.root, tmp_path / "e", repository.artifact.manifest)
    with pytest.raises(ReproductionError, match=r"has no requirements.training\.txt"):
        checkout.make_environment(tmp_path, tmp_path / "e", repository.artifact.manifest)


def test_what_the_lock_installs_is_compared_with_its_hashes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setenv("UV", "uv")
    monkeypatch.setattr(checkout, "run", lambda *command, **_: commands.append(command))
    checkout.make_environment(repository.root, tmp_path / "e", repository.artifact.manifest)
    assert [command[:2] for command in commands] == [("uv", "venv"), ("uv", "pip")]
    assert commands[1][-3:] == ("--require-hashes", "--requirement", str(checkout.LOCK))


@pytest.mark.parametrize("config", ["../training.toml", "/etc/training.toml"])
def test_a_manifest_names_no_configuration_outside_of_the_checkout(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(checkout, "make_environment", lambda *_: tmp_path / "python")
    monkeypatch.setattr(checkout, "run", lambda *command, **_: commands.append(command))
    origin = repository.artifact.manifest.origin
    assert origin is not None
    changed = repository.rewrite_manifest(origin=origin.model_copy(update={"config": config}))
    package = repository.project.package
    checkout.train_from_history(changed.manifest, repository.root, package, tmp_path / "new")
    assert commands[-1][-2:] == ("--config", checkout.CONFIG)


@pytest.mark.parametrize("python", ["CPython /tmp/python", "CPython --help", "3", ""])
def test_a_manifest_names_no_program(repository: Repository, tmp_path: Path, python: str) -> None:
    origin = repository.artifact.manifest.origin
    assert origin is not None
    changed = repository.rewrite_manifest(origin=origin.model_copy(update={"python": python}))
    with pytest.raises(ReproductionError, match="names no version of Python"):
        checkout.make_environment(repository.root, tmp_path / "e", changed.manifest)

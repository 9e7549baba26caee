"""Train in a temporary clone of the artifact's commit, in an environment from its hashed lock."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import ReproductionError
from ..manifest import Manifest
from ..provenance import git, has_commit, python_version

PREFIX = "modelserve-reproduce-"
LOCK = Path("requirements", "training.txt")
CONFIG = "config/training.toml"
VERSION = re.compile(r"\d+\.\d+\.\w+")
LAST = 2_000  # characters of a failed command's output


def train_from_history(manifest: Manifest, root: Path, package: str, output: Path) -> None:
    """Train at the commit of a manifest, and write the artifact to a folder.

    Args:
        manifest: names the commit, the configuration and the version of Python.
        root: the project's folder, in a repository that has the commit.
        package: the project's.
        output: the folder of the new artifact.

    Raises:
        ReproductionError: the commit, git, uv or Python is missing, or a step fails.
    """
    commit = manifest.git_commit
    if commit is None:
        raise ReproductionError(
            "The manifest names no commit, so there is nothing to check out; reproduce it without "
            "--in-clean-checkout."
        )
    prefix = git(root, "rev-parse", "--show-prefix")
    if prefix is None or not has_commit(root, commit):
        raise ReproductionError(
            f"Commit {commit} is not in the repository of {root}; fetch its whole history."
        )
    with scratch_folder() as scratch:
        clone = scratch / "clone"
        top = str(git(root, "rev-parse", "--show-toplevel")).rstrip("\n")
        # A clone, not a worktree: whatever happens to it, the repository knows nothing of it.
        run("git", "clone", "--quiet", "--shared", "--no-checkout", top, str(clone), folder=scratch)
        run("git", "checkout", "--quiet", "--detach", commit, folder=clone)
        folder = clone / prefix.rstrip("\n")
        python = make_environment(folder, scratch / "environment", manifest)
        config = (manifest.origin and manifest.origin.config) or CONFIG
        if not (folder / config).resolve().is_relative_to(folder.resolve()):
            config = CONFIG
        paths = (folder / "src", folder / "vendor" / "modelserve" / "src")
        words = ("-m", package, "train", "--output", str(output.resolve()), "--config", config)
        run(str(python), *words, folder=folder, PYTHONPATH=os.pathsep.join(map(str, paths)))


def make_environment(folder: Path, target: Path, manifest: Manifest) -> Path:
    """Install the lock of a project into an environment, and return its Python.

    Raises:
        ReproductionError: the lock, uv or the recorded version of Python is missing.
    """
    if not (folder / LOCK).is_file():
        raise ReproductionError(f"The commit has no {LOCK}, which names what trains the model.")
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise ReproductionError("uv is not here, which installs the lock: python -m pip install uv")
    recorded = manifest.origin.python if manifest.origin else python_version()
    version = recorded.rpartition(" ")[2]
    if not VERSION.fullmatch(version):
        raise ReproductionError(f"The manifest names no version of Python: {recorded[:40]!r}.")
    wanted = sys.executable if recorded == python_version() else version
    run(uv, "venv", "--quiet", "--python", wanted, str(target), folder=folder)
    python = target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ("pip", "install", "--quiet", "--python", str(python))
    run(uv, *install, "--require-hashes", "--requirement", str(LOCK), folder=folder)
    return python


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder; remove it, and those that killed processes left behind."""
    remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as scratch:
        yield Path(scratch)


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of this user's processes that are gone."""
    if os.name == "nt":  # a signal of 0 would end a process there
        return
    for path in parent.glob(f"{PREFIX}*-*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        with suppress(OSError):
            ours = path.lstat().st_uid == os.getuid()
            if ours and pid.isdecimal() and not _is_running(int(pid)):
                shutil.rmtree(path, ignore_errors=True)  # which leaves links and files alone


def run(*command: str, folder: Path, **environment: str) -> None:
    """Run a command and end it, with all that it started, when this process ends earlier.

    Raises:
        ReproductionError: it cannot be started, or fails; the message has the end of its output.
    """
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "GIT_DIR", "GIT_WORK_TREE")
    variables = {name: text for name, text in os.environ.items() if name not in hidden}
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ReproductionError(f"{command[0]} cannot be started: {error}") from error
    with process:
        try:
            output, _ = process.communicate()
        finally:
            if process.poll() is None:
                _end(process)
    if process.returncode:
        name = " ".join([Path(command[0]).name, *command[1:3]])
        raise ReproductionError(f"`{name}` failed in the checkout:\n{output[-LAST:].strip()}")


def _end(process: subprocess.Popen[str]) -> None:
    if os.name == "nt":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True

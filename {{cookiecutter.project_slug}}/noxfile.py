"""The project's own commands, in one environment from hashed locks, the same here and in CI."""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

NAME = nox.project.load_toml("pyproject.toml")["project"]["name"]
VENV = Path(".venv")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
UV = os.environ.get("UV", "uv")  # uvx tells where its uv lies
LOCKS = {"serving": (), "training": ("training",), "development": ("training", "development")}


def uv(session: nox.Session, *words: str) -> None:
    """Run uv, which says something only when it fails."""
    session.run(UV, *words, "--quiet", external=True, log=False)


def run(session: nox.Session, tool: str, *words: str) -> None:
    """Run a program of the environment."""
    session.run(shutil.which(tool, path=str(BIN)) or tool, *words, external=True)


def install(session: nox.Session) -> None:
    """Make `.venv` hold the locked development set and the project itself."""
    if sys.version_info < (3, 11):  # noqa: UP036  nox may run on an older one
        session.error("Python 3.11 or later is needed: uvx --python 3.12 nox …")
    if not VENV.exists():
        uv(session, "venv", str(VENV), "--python", sys.executable)
    into = ("pip", "install", "--python", str(VENV))
    uv(session, *into, "--require-hashes", "-r", "requirements/development.txt")
    uv(session, *into, "--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session
def dev(session: nox.Session) -> None:
    """Make `.venv`, for an editor or a shell."""
    install(session)


@nox.session
def train(session: nox.Session) -> None:
    """Train on the data in data/ and write the artifact to model/."""
    install(session)
    run(session, NAME, "train", *session.posargs)


@nox.session
def serve(session: nox.Session) -> None:
    """Serve the model, training it first where there is none yet."""
    install(session)
    if not Path("model", "manifest.json").exists():
        run(session, NAME, "train")
    run(session, NAME, "serve", *session.posargs)


@nox.session
def monitor(session: nox.Session) -> None:
    """Compare what was captured with the training data: `-- captures --ground-truth truths`."""
    install(session)
    run(session, NAME, "monitor", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with coverage."""
    install(session)
    run(session, "pytest", *session.posargs, "--cov")


@nox.session
def lint(session: nox.Session) -> None:
    """Check form and style: ruff's linter and formatter, then pylint."""
    install(session)
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "pylint", "src", "tests", ".github/scripts")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    install(session)
    run(session, "mypy")


@nox.session
def lock(session: nox.Session) -> None:
    """Renew the hashed locks in requirements/ from the ranges in pyproject.toml."""
    compiled = ("pip", "compile", "pyproject.toml", "--universal", "--generate-hashes", "--upgrade")
    origin = ("--python-version=3.11", "--no-annotate", "--custom-compile-command=nox -s lock")
    for name, extras in LOCKS.items():
        wanted = [f"--extra={extra}" for extra in extras]
        uv(session, *compiled, *origin, *wanted, f"--output-file=requirements/{name}.txt")


@nox.session(venv_backend="uv|virtualenv", reuse_venv=False)
def newest(session: nox.Session) -> None:
    """Run the tests on the newest releases that pyproject.toml allows, to hear of a break early."""
    session.install("--editable", ".[training,development]")
    session.run("pytest", "-m", "not slow", *session.posargs)

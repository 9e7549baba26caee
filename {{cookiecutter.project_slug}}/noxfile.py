"""The project's own commands, in one environment from hashed locks, the same here and in CI."""

from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests"]

NAME = nox.project.load_toml("pyproject.toml")["project"]["name"]
EXTRAS = {"serving": (), "training": ("training",), "development": ("training", "development")}


def install(session: nox.Session) -> None:
    """Put the locked development set and the project itself into `.venv`."""
    session.install("--require-hashes", "-r", "requirements/development.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session(venv_location=".venv")
def dev(session: nox.Session) -> None:
    """Make `.venv`, for an editor or a shell."""
    install(session)


@nox.session(venv_location=".venv")
def train(session: nox.Session) -> None:
    """Train on the data in data/ and write the artifact to model/."""
    install(session)
    session.run(NAME, "train", *session.posargs)


@nox.session(venv_location=".venv")
def serve(session: nox.Session) -> None:
    """Serve the model, training it first where there is none yet."""
    install(session)
    if not Path("model", "manifest.json").exists():
        session.run(NAME, "train")
    session.run(NAME, "serve", *session.posargs)


@nox.session(venv_location=".venv")
def tests(session: nox.Session) -> None:
    """Run the tests with coverage."""
    install(session)
    session.run("pytest", "--cov", *session.posargs)


@nox.session(venv_location=".venv")
def lint(session: nox.Session) -> None:
    """Check form and style: ruff's linter and formatter, then pylint."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("pylint", "src", "tests", "noxfile.py")


@nox.session(venv_location=".venv")
def types(session: nox.Session) -> None:
    """Check the types."""
    install(session)
    session.run("mypy")


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Renew the hashed locks in requirements/ from the ranges in pyproject.toml."""
    command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--generate-hashes"]
    command += ["--python-version=3.11", "--upgrade", "--no-annotate", "--quiet"]
    command += ["--custom-compile-command=nox -s lock"]
    for name, extras in EXTRAS.items():
        wanted = [f"--extra={extra}" for extra in extras]
        session.run(*command, *wanted, f"--output-file=requirements/{name}.txt", external=True)


@nox.session(venv_backend="uv|virtualenv", reuse_venv=False)
def newest(session: nox.Session) -> None:
    """Run the tests on the newest releases that pyproject.toml allows, to hear of a break early."""
    session.install("--editable", ".[training,development]")
    session.run("pytest", *session.posargs)

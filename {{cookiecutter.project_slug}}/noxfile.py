"""The project's own commands, in one environment from hashed locks, the same here and in CI."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]

NAME = nox.project.load_toml("pyproject.toml")["project"]["name"]
LIBRARY = "vendor/modelserve"
VENV = Path(".venv")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
UV = os.environ.get("UV") or "uv"  # uvx tells where its uv lies
SECRETS = ("--from", "detect-secrets==1.5.0", "detect-secrets-hook")
BILL = ("--from", "cyclonedx-bom==7.5.0")
LOAD = ("--from", "locust==2.47.0")
# Words after `--` override them; LOCUST_HEADLESS=false opens Locust's page instead.
LOAD_DEFAULTS = {
    "HOST": "http://127.0.0.1:8080",
    "HEADLESS": "true",
    "USERS": "8",
    "SPAWN_RATE": "8",
    "RUN_TIME": "20s",
}
LOCKS = {"serving": (), "training": ("training",), "development": ("training", "development")}
GPU = "gpu"  # a lock that only a project with a GPU has


def uv(session: nox.Session, *words: str) -> None:
    """Run uv, which says something only when it fails."""
    session.run(UV, *words, "--quiet", external=True, log=False)


def run(session: nox.Session, tool: str, *words: str) -> None:
    """Run a program of the environment."""
    session.run(shutil.which(tool, path=str(BIN)) or tool, *words, external=True)


def image_lock() -> str:
    """Return the lock that the Dockerfile names."""
    dockerfile = Path("Dockerfile").read_text(encoding="utf-8")
    name = re.search(r"^ARG ACCELERATOR=(\w+)$", dockerfile, re.MULTILINE)
    return f"requirements/{name[1] if name else 'serving'}.txt"


def install(session: nox.Session) -> None:
    """Make `.venv` hold the locked development set, the library, and the project itself."""
    if sys.version_info < (3, 11):  # noqa: UP036  nox may run on an older one
        session.error("Python 3.11 or later is needed: uvx --python 3.12 nox …")
    if not VENV.exists():
        uv(session, "venv", str(VENV), "--python", sys.executable)
    into = ("pip", "install", "--python", str(VENV))
    uv(session, *into, "--require-hashes", "-r", "requirements/development.txt")
    ours = ("--editable", LIBRARY, "--editable", ".")
    uv(session, *into, "--no-deps", "--no-build-isolation", *ours)


def vendored(session: nox.Session, command: str = "check") -> None:
    """Compare the library with its hashes, or change what may differ; needs no environment."""
    paths = {"PYTHONPATH": "vendor/modelserve/src"}
    words = (sys.executable, "-m", "modelserve.vendored", command)
    session.run(*words, env=paths, external=True, log=False)


def have_model(session: nox.Session) -> None:
    """Train where there is no artifact yet."""
    install(session)
    if not Path("model", "manifest.json").exists():
        run(session, NAME, "train")


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
    have_model(session)
    run(session, NAME, "serve", *session.posargs)


@nox.session
def monitor(session: nox.Session) -> None:
    """Compare what was captured with the training data: `-- captures --ground-truth truths`."""
    install(session)
    run(session, NAME, "monitor", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with coverage of src/; `-- --artifact model` tests a model that is there."""
    install(session)
    # Without a training run, what trains is not covered.
    uncovered = any(word.startswith(("--artifact", "--no-cov")) for word in session.posargs)
    run(session, "pytest", *session.posargs, *([] if uncovered else ["--cov"]))


@nox.session
def image(session: nox.Session) -> None:
    """Build the image and run its tests, which tell its size; needs Docker or Podman."""
    have_model(session)
    run(session, "pytest", "-m", "container", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the library's hashes, then form and style: ruff's linter and formatter, pylint."""
    vendored(session)
    install(session)
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "pylint", "src", "tests")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    install(session)
    run(session, "mypy")


@nox.session
def secrets(session: nox.Session) -> None:
    """Look for keys, tokens and passwords in every file that git does not ignore, but for data."""
    listed = ("grep", "--no-index", "--exclude-standard", "--files-with-matches", "-I", "")
    files = str(session.run("git", *listed, external=True, silent=True, log=False)).splitlines()
    # Hashes look like keys, and so do identifiers in data.
    alike = ("data/", "promotions.jsonl", "requirements/", "vendor/modelserve/VENDORED.json")
    files = [file for file in files if not file.startswith(alike)]
    if subprocess.run([UV, "tool", "run", "--quiet", *SECRETS, *files], check=False).returncode:
        session.error("Take it out, and make it invalid: what was committed once stays in git.")


@nox.session(venv_backend="uv|virtualenv", reuse_venv=True)
def smoke(session: nox.Session) -> None:
    """Send a running service the golden cases: `-- http://127.0.0.1:8080/predict`."""
    session.install("--require-hashes", "--requirement", "requirements/serving.txt", silent=True)
    paths = {"PYTHONPATH": os.pathsep.join(("src", "vendor/modelserve/src"))}
    module = NAME.replace("-", "_")
    session.run("python", "-m", module, "smoke", *session.posargs, env=paths)


@nox.session
def load(session: nox.Session) -> None:
    """Put load on a running service for 20 seconds; elsewhere: `-- --host https://example.com`."""
    settings = {f"LOCUST_{name}": value for name, value in LOAD_DEFAULTS.items()}
    locust = (UV, "tool", "run", "--quiet", *LOAD, "locust")
    session.run(*locust, *session.posargs, external=True, env=settings | os.environ)


@nox.session(venv_backend="uv|virtualenv")
def sbom(session: nox.Session) -> None:
    """Write sbom.json (CycloneDX): the image's packages with their hashes, and the model."""
    session.install("--require-hashes", "--requirement", image_lock(), silent=True)
    trim = "vendor/modelserve/image/trim.py"
    session.run("python", trim, session.virtualenv.location, silent=True)
    run_tool = (UV, "tool", "run", "--quiet", *BILL)
    listed = ("environment", session.virtualenv.location, "--pyproject", "pyproject.toml")
    written = ("--output-reproducible", "--output-file", "sbom.json")
    session.run(*run_tool, "cyclonedx-py", *listed, *written, external=True, log=False)
    complete = ("python", "-m", "modelserve.deploy", "complete-sbom", "--lock", image_lock())
    library = {"PYTHONPATH": "vendor/modelserve/src"}
    session.run(*run_tool, *complete, external=True, log=False, env=library)


@nox.session
def lock(session: nox.Session) -> None:
    """Renew the locks in requirements/ from the ranges in pyproject.toml; `-- gpu` adds a GPU's."""
    compiled = ("pip", "compile", "pyproject.toml", "--universal", "--generate-hashes", "--upgrade")
    third_parties = ("--no-emit-package", "modelserve")  # a folder has no hash; git holds it
    # The extras stay: pip before 23.3 wants each of them pinned by name.
    origin = ("--python-version=3.11", "--no-annotate", "--no-strip-extras")
    for name, extras in ({} if session.posargs == [GPU] else LOCKS).items():
        wanted = [f"--extra={extra}" for extra in extras]
        told = ("--custom-compile-command=nox -s lock", f"--output-file=requirements/{name}.txt")
        uv(session, *compiled, *third_parties, *origin, *wanted, *told)
    if session.posargs == [GPU] or Path("requirements", f"{GPU}.txt").exists():
        # Two distributions of one module overwrite each other; the rest is what the tests run on.
        instead = ("--no-emit-package=onnxruntime", "--constraint=requirements/serving.txt")
        told = ("--custom-compile-command=nox -s lock", f"--output-file=requirements/{GPU}.txt")
        uv(session, *compiled, *third_parties, *origin, f"--extra={GPU}", *instead, *told)


@nox.session
def eject(session: nox.Session) -> None:
    """Take the library in vendor/modelserve over, to edit it; `nox -s restore` undoes it."""
    vendored(session, "eject")


@nox.session
def restore(session: nox.Session) -> None:
    """Bring the released files of vendor/modelserve back from git's history."""
    vendored(session, "restore")


@nox.session(venv_backend="uv|virtualenv", reuse_venv=False)
def newest(session: nox.Session) -> None:
    """Run the tests on the newest releases that pyproject.toml allows, to hear of a break early."""
    session.install("--editable", LIBRARY, "--editable", ".[training,development]")
    session.run("pytest", *session.posargs)

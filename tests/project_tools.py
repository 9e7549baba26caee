"""Run a baked project's tests, linters and commands in this environment, on the project's files.

Its own locked environment is installed by the covering tests; one environment for many projects
saves the time to install it for each.
"""

import json
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bakery import TEMPLATE, BakedProject

# A change of these tables replaces the whole table; of others, only the keys that it names.
REPLACED = {"gate", "output"}
# What mypy knows of installed packages, for each process of xdist: it locks the files.
TYPES = TEMPLATE / ".pytest_cache" / "mypy" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
PLUGINS = ("-p", "modelserve.testing.plugin", "-p", "pytest_cov.plugin")


def run_python(project: BakedProject, *words: str, expected: int = 0, **environment: str) -> str:
    """Run Python with the project and its own copy of the library; return what it printed."""
    paths = (project.path / "src", project.path / "vendor" / "modelserve" / "src")
    variables = {
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the library may also be installed in place
    }
    done = project.run(sys.executable, *words, **variables, **environment)
    assert done.returncode == expected, f"{' '.join(words)}\n{done.stdout[-20_000:]}"
    return done.stdout


def run_command(project: BakedProject, *words: str, expected: int = 0) -> str:
    """Run the project's command line."""
    return run_python(project, "-m", project.package, *words, expected=expected)


def run_suite(project: BakedProject, *words: str, expected: int = 0) -> str:
    """Run the project's tests as `nox -s tests` does, with coverage and its floor."""
    command = ("-m", "pytest", "-q", "--tb=short", *PLUGINS, *(words or ("--cov",)))
    return run_python(project, *command, expected=expected)


def check_source(project: BakedProject) -> None:
    """Check form, style and types as `nox -s lint types` does."""
    run_python(project, "-m", "ruff", "check", "--no-cache", "src", "tests")
    run_python(project, "-m", "ruff", "format", "--no-cache", "--check", "src", "tests")
    run_python(project, "-m", "mypy", f"--cache-dir={TYPES}")
    run_python(project, "-m", "pylint", "src", "tests")


def source_path(project: BakedProject, name: str) -> Path:
    """Return where a module of the user's lies."""
    return project.path / "src" / project.package / name


def change_config(project: BakedProject, changes: str) -> None:
    """Change config/training.toml as a user does who types these tables into it."""
    path = project.path / "config" / "training.toml"
    config = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, value in tomllib.loads(changes).items():
        if isinstance(value, dict) and name not in REPLACED:
            config[name] = config.get(name, {}) | value
        else:
            config[name] = value
    path.write_text("\n".join(lines_of(config)) + "\n", encoding="utf-8")


def lines_of(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield a table as TOML."""
    tables = {name: value for name, value in table.items() if isinstance(value, dict)}
    for name, value in table.items():
        if name not in tables:
            yield f"{json.dumps(name, ensure_ascii=False)} = {json.dumps(value)}"
    for name, value in tables.items():
        yield f"[{prefix}{name}]"
        yield from lines_of(value, f"{prefix}{name}.")

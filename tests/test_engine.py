"""The library's own tests pass on each Python; on the current one they run beside this."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bakery import CHOICES, TEMPLATE, tool_environment
from tests.pythons import find_python

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in CHOICES["python_version"] if version != CURRENT]
MEASURED = "3.12"  # where coverage costs least
QUICK = ("-m", "not slow and not e2e")
# These do not depend on the Python: of sources, of scripts in node, of the locks' converters.
INDEPENDENT = (
    "serving/test_page_scripts.py",
    "test_catalogue.py",
    "test_floors.py",
    "test_library.py",
    "training/test_estimators_table.py",
)


def run(*command: str, **environment: str) -> str:
    """Run a command in the template's folder, and return what it printed if it failed."""
    done = subprocess.run(
        command,
        cwd=TEMPLATE,
        env=tool_environment() | environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout if done.returncode else ""


@pytest.mark.covering
@pytest.mark.parametrize("version", OTHERS)
def test_the_library_passes_on_another_python(version: str, tmp_path: Path) -> None:
    """All but what starts processes or takes its time; on one Python with coverage."""
    python = find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    place = tmp_path / "environment"
    sync = ("uv", "sync", "--quiet", "--python", python)
    assert not run(*sync, UV_PROJECT_ENVIRONMENT=str(place))
    tests = (str(place / "bin" / "python"), "-m", "pytest", "-q", "-n0", "tests/engine")
    left_out = [f"--ignore=tests/engine/{each}" for each in INDEPENDENT]
    measured = ("--cov",) if version == MEASURED else ()
    coverage = str(tmp_path / "coverage")
    words = (*tests, *left_out, "-p", "no:cacheprovider", *measured, *QUICK)
    failed = run(*words, COVERAGE_FILE=coverage)
    assert not failed, failed[-20_000:]

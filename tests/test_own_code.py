"""A project with modules, a route, a metric, a setting and an observer of the user's is green."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bakery import BakedProject
from tests.project_tools import check_source, run_suite, source_path

pytestmark = pytest.mark.slow

OWN = Path(__file__).parent / "data" / "own_code"


def add_own_code(project: BakedProject) -> None:
    """Add two modules with their tests, and use them in data.py and service.py."""
    for path in (OWN / "src").glob("*.py"):
        shutil.copy(path, source_path(project, path.name))
    for path in (OWN / "tests").glob("*.py"):
        shutil.copy(path, project.path / "tests")


def test_a_project_with_own_modules_is_green(bake: Callable[..., BakedProject]) -> None:
    """Its tests with coverage, its linters, its types."""
    project = bake()
    add_own_code(project)
    report = run_suite(project)
    assert "failed" not in report
    check_source(project)


def test_own_code_without_tests_misses_the_coverage(bake: Callable[..., BakedProject]) -> None:
    """The floor is one of the user's own code: a module that no test runs does not pass."""
    project = bake()
    lines = "\n".join(f"    total += {i} * factor" for i in range(30))
    text = (
        f'"""Adds numbers."""\n\n\ndef add(factor: int) -> int:\n'
        f'    """Return a sum."""\n    total = 0\n{lines}\n    return total\n'
    )
    source_path(project, "adding.py").write_text(text, encoding="utf-8")
    report = run_suite(project, expected=1)
    assert "adding.py" in report
    assert "Required test coverage of 95.0% not reached" in report

"""Weights of a transformer become a graph: the one part of a project that needs torch."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bakery import BakedProject, bake_into, tool_environment

TORCH = "torch==2.13.0"


@pytest.fixture
def project(tmp_path: Path) -> BakedProject:
    """Return a text project with an environment that holds the extra `export` too."""
    if not os.environ.get("REQUIRE_ALL"):
        pytest.skip("torch takes gigabytes: set REQUIRE_ALL to have it installed")
    baked = bake_into(tmp_path / "output", {"model": "huggingface-text-classifier"})
    python = f".venv/{'Scripts' if os.name == 'nt' else 'bin'}/python"
    # pip, not uv: it also looks where this machine may keep a wheel without CUDA.
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    for command in (
        (sys.executable, "-m", "venv", ".venv"),
        (*pip, "-r", "requirements/development.txt"),
        (*pip, TORCH, "--no-build-isolation", "--editable", ".[export]"),
    ):
        done = subprocess.run(
            command,
            cwd=baked.path,
            env=tool_environment(),
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return baked


@pytest.mark.covering
def test_a_transformer_is_exported_compared_and_served(project: BakedProject) -> None:
    """By the project's own test, which skips wherever torch is not installed."""
    (test,) = project.path.glob("tests/**/test_export.py")
    done = project.run(".venv/bin/python", "-m", "pytest", "-q", str(test), REQUIRE_TORCH="1")
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* passed", done.stdout)
    assert "skipped" not in done.stdout

"""Weights of a transformer are exported to ONNX: the only part of the library that needs torch."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bakery import TEMPLATE, BakedProject, bake_into, tool_environment

TORCH = "torch==2.13.0"


@pytest.fixture
def project(tmp_path: Path) -> BakedProject:
    """Return a text project with an environment that holds the extra `export` too."""
    if not os.environ.get("REQUIRE_ALL"):
        pytest.skip("torch takes gigabytes: set REQUIRE_ALL to have it installed")
    baked = bake_into(tmp_path / "output", {"model": "huggingface-text-classifier"})
    python = f".venv/{'Scripts' if os.name == 'nt' else 'bin'}/python"
    uv = ("uv", "pip", "install", "--quiet", "--python", python)
    # pip, not uv: it also looks where this machine may keep a wheel without CUDA. Python compiles
    # the few modules of torch that are imported.
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    for command in (
        ("uv", "venv", "--quiet", "--seed", "--python", sys.executable, ".venv"),
        # tests/conftest.py imports cookiecutter and pytest-xdist
        (*uv, "-r", "requirements/development.txt", "cookiecutter", "pytest-xdist"),
        (*pip, TORCH, "--no-build-isolation", "--editable", "vendor/modelserve[export]"),
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
    """By the library's own test, which skips wherever torch is not installed."""
    python = project.path / ".venv" / "bin" / "python"
    tests = str(TEMPLATE / "tests" / "engine" / "training" / "pretrained" / "test_export.py")
    words = ("-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", str(TEMPLATE))
    config = ("-c", str(TEMPLATE / "pyproject.toml"))
    done = project.run(str(python), *words, *config, tests, REQUIRE_TORCH="1")
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* passed", done.stdout)
    assert "skipped" not in done.stdout

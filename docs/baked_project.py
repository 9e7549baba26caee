"""The default project for pictures: baked with groups of customers, trained, and run as servers."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cookiecutter.main import cookiecutter

from tests.bakery import TEMPLATE

GROUPS = ("north", "south")


def bake_with_groups(folder: str, **answers: str) -> Path:
    """Bake and train the default project, which compares groups; return its folder."""
    how = {"no_input": True, "output_dir": folder, "extra_context": answers}
    project = Path(cookiecutter(str(TEMPLATE), **how))
    config = project / "config" / "monitoring.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("groups = []", f"groups = {json.dumps(GROUPS)}"))
    subprocess.run(["nox", "-s", "train"], cwd=project, check=True)
    return project


def program(project: Path) -> str:
    """Return the project's command."""
    return str(project / ".venv" / "bin" / project.name)


@contextmanager
def running(command: list[str], project: Path, url: str, **settings: str) -> Iterator[None]:
    """Run a server until the block ends; enter the block when an address of it responds."""
    process = subprocess.Popen(command, cwd=project, env=os.environ | settings)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()

"""`batch` in a process of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from modelserve.artifact import Artifact

from tests.engine.families import Family


@contextmanager
def start(family: Family, trained: Artifact, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run `batch` in a process of its own, which is killed at the end."""
    command = [*family.command, "batch", "--model", str(trained.folder), *map(str, words)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": family.python_path}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, cwd=family.root, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            yield process
        finally:
            process.kill()

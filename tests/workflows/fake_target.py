"""A deploy target that writes down its calls, and does what a test has said.

It replaces the `target.py` of a target in a project's library.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from modelserve.deploy.targets import Address, StagedRevision  # pylint: disable=import-error


def call(*words: str) -> list[str]:
    """Call the stand-in, and return the lines that it prints."""
    done = subprocess.run(["target", *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def stage(image: str) -> StagedRevision:
    """Return what a test has said: the names of the revision and of the previous one."""
    return StagedRevision(*call("stage", image))


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Yield an address that leads nowhere."""
    call("reach", revision)
    yield Address("http://canary.example/predict", "a-token")
    call("leave", revision)


def shift(revision: str, percent: int) -> None:
    """Do nothing."""
    call("shift", revision, str(percent))


def problems(revision: str) -> list[str]:
    """Return what a test has said."""
    return call("problems", revision)


def finish(revision: str) -> None:
    """Do nothing."""
    call("finish", revision)


def rollback(previous: str, revision: str) -> None:
    """Do nothing."""
    call("rollback", previous, revision)

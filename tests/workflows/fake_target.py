"""A deploy target that writes down what it is asked, and does what a test has said.

It stands in a project's `.github/scripts/`, in the place of `target.py`.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from canary import Address, Canary  # pylint: disable=import-error  # it lies beside this one there


def tell(*words: str) -> list[str]:
    """Ask the stand-in, and return the lines that it says."""
    done = subprocess.run(["target", *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def stage(image: str) -> Canary:
    """Return what a test has said: the revision's name, and the former one's."""
    return Canary(*tell("stage", image))


@contextmanager
def reach(revision: str) -> Iterator[Address]:
    """Yield an address that leads nowhere."""
    tell("reach", revision)
    yield Address("http://canary.example/predict", "a-token")
    tell("leave", revision)


def shift(revision: str, percent: int) -> None:
    """Do nothing."""
    tell("shift", revision, str(percent))


def complaints(revision: str) -> list[str]:
    """Return what a test has said."""
    return tell("complaints", revision)


def finish(revision: str) -> None:
    """Do nothing."""
    tell("finish", revision)


def back(former: str, revision: str) -> None:
    """Do nothing."""
    tell("back", former, revision)

"""Deploy targets: what each one does, and how one is loaded by its name.

A target is a package with up to three modules: `target` moves revisions and traffic, `sign_in`
signs a workflow in, `captures` fetches what the service recorded. It is imported when it is used,
for it may need a client that another target does not install.
"""

import importlib
from contextlib import AbstractContextManager
from types import ModuleType
from typing import NamedTuple, Protocol, cast

from .. import workflow

NAMES = ("cloud-run", "kubernetes", "none", "sagemaker")


class StagedRevision(NamedTuple):
    """A revision without traffic, and the one that has it; "" where there is none."""

    revision: str
    previous: str


class Address(NamedTuple):
    """The URL of a revision's /predict, and a bearer token if the platform asks for one."""

    url: str
    token: str = ""


class Target(Protocol):
    """What a rollout does on a platform.

    Every method may be called again after a failure. One that cannot do what it should ends the
    process with an error that says why.
    """

    def stage(self, image: str) -> StagedRevision:
        """Start a revision that gets no traffic, unless it is the first one."""

    def reach(self, revision: str) -> AbstractContextManager[Address]:
        """Make a revision reachable for the smoke test, whatever traffic it gets."""

    def shift(self, revision: str, percent: int) -> None:
        """Send a share of the traffic to a revision."""

    def problems(self, revision: str) -> list[str]:
        """Return what the platform reports to be wrong with a revision."""

    def finish(self, revision: str) -> None:
        """Send all traffic to a revision."""

    def rollback(self, previous: str, revision: str) -> None:
        """Send all traffic to `previous` and remove `revision`; either may be ""."""


def load(name: str) -> Target:
    """Return a target by its name; a dotted name is your own module with these functions."""
    module = importlib.import_module(name) if "." in name else load_part(name, "target")
    return cast(Target, module)


def load_part(name: str, part: str) -> ModuleType:
    """Return a module of a target; exit if there is none of that name."""
    if name not in NAMES:
        workflow.fail(f"DEPLOY_TARGET is {name!r}; set it to one of {', '.join(NAMES)}.")
    path = f"{__name__}.{name.replace('-', '_')}.{part}"
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        workflow.fail(f"The deploy target {name} has no {part.replace('_', '-')}.")

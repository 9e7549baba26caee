"""Who decides about a promotion, and when."""

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from .. import provenance


def who(stated: str, folder: Path) -> str:
    """Return who decides: as stated, the user of GitHub Actions, of git, or of this machine.

    None of this is proven: it is what the process was started with.

    Args:
        stated: by the caller; empty for none.
        folder: inside of the repository.
    """
    named = (
        stated or os.environ.get("GITHUB_ACTOR") or provenance.git(folder, "config", "user.name")
    )
    return clean(named or "") or _user()


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clean(text: str) -> str:
    """Return a text in one line, without what a terminal would obey."""
    one_line = " ".join(text.split())
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in one_line)


def _user() -> str:
    try:
        return clean(getpass.getuser())
    except (ImportError, KeyError, OSError):  # a container's user may have no name
        return "unknown"

"""Which runbook says what to do about which violation, and where the runbooks are."""

import os
from pathlib import Path

from .results.result import MonitoringResult, Violation

FOLDER = "vendor/modelserve/docs/runbooks"  # from the repository's root


def address(seen_from: Path = Path()) -> str:
    """Return where the runbooks are: on GitHub in a workflow, or else relative to a folder."""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and repository:
        return f"{server}/{repository}/blob/HEAD/{FOLDER}"
    try:
        return Path(os.path.relpath(FOLDER, seen_from)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(FOLDER).resolve().as_uri()


def violations_by_runbook(result: MonitoringResult) -> dict[str, list[Violation]]:
    """Return the violations by the name of the runbook that says what to do."""
    by_runbook: dict[str, list[Violation]] = {}
    for each in result.violations:
        by_runbook.setdefault(each.runbook, []).append(each)
    return by_runbook

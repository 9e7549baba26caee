"""Write an archive of a window's records, and of the served model, to standard output.

It is sent to a pod and runs there, where the service's own variables say what lies where.
"""

import os
import re
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

HOUR = timedelta(hours=1)
HOUR_PATH = re.compile(r"(?:.*/)?(\d{4})/(\d\d)/(\d\d)/(\d\d)/[^/]+\.jsonl")
OPEN_ENDED = datetime.max.replace(tzinfo=UTC) - HOUR


def is_wanted(path: str, since: datetime, until: datetime) -> bool:
    """Tell whether a file may hold something of the time, which may stand in the hour beside it."""
    found = HOUR_PATH.fullmatch(path)
    if not found:
        return False
    hour = datetime(*(int(part) for part in found.groups()), tzinfo=UTC)
    return since - 2 * HOUR < hour < until + HOUR


def in_utc(text: str) -> datetime:
    """Return a time as the workflows write it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def add(
    archive: tarfile.TarFile, variable: str, name: str, since: datetime, until: datetime
) -> None:
    """Add the files of a time that lie in the folder that a variable of the service names."""
    top = Path(os.environ[variable]) if variable in os.environ else None
    for path in sorted(top.rglob("*.jsonl")) if top else []:
        inside = path.relative_to(top).as_posix()
        if is_wanted(inside, since, until):
            archive.add(path, f"{name}/{inside}")


def main() -> None:
    """Pack; without a time, the model alone."""
    since, until = sys.argv[1:]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|gz") as archive:
        archive.add(os.environ.get("MODEL_DIR", "model"), "model")
        if since:
            begin, end = in_utc(since), in_utc(until)
            add(archive, "CAPTURE_DIR", "captures", begin, end)
            # What turned out to be true was learnt at any time after.
            add(archive, "GROUND_TRUTH_DIR", "ground-truth", begin, OPEN_ENDED)


if __name__ == "__main__":
    main()

"""Write an archive of a window's records and of the served model to standard output.

`captures.py` sends this file to a pod and runs it there. The service's environment variables say
where the records are.
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


def overlaps(path: str, since: datetime, until: datetime) -> bool:
    """Tell whether a file may hold records of a window, also of the hour beside its folder's."""
    match = HOUR_PATH.fullmatch(path)
    if not match:
        return False
    hour = datetime.strptime("/".join(match.groups()), "%Y/%m/%d/%H").replace(tzinfo=UTC)
    return since - 2 * HOUR < hour < until + HOUR


def add_records(
    archive: tarfile.TarFile, variable: str, name: str, since: datetime, until: datetime
) -> None:
    """Add the files of a window from the folder that an environment variable names."""
    if not os.environ.get(variable):
        return
    top = Path(os.environ[variable])
    for path in sorted(top.rglob("*.jsonl")):
        inside = path.relative_to(top).as_posix()
        if overlaps(inside, since, until):
            archive.add(path, f"{name}/{inside}")


def main() -> None:
    """Pack the records of a window and the model; without a window, the model alone."""
    since, until = sys.argv[1:]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|gz") as archive:
        archive.add(os.environ.get("MODEL_DIR") or "model", "model")
        if since:
            begin, end = (
                datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, until)
            )
            add_records(archive, "CAPTURE_DIR", "captures", begin, end)
            # Ground truth may arrive at any time after the prediction.
            add_records(archive, "GROUND_TRUTH_DIR", "ground-truth", begin, OPEN_ENDED)


if __name__ == "__main__":
    main()

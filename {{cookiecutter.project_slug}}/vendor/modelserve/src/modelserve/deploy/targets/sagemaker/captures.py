"""Fetch captures and ground truth from the bucket, and the model from the image that serves."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from ... import docker, workflow

HOUR = timedelta(hours=1)  # a file may hold records of the hour before or after its folder's
ROLE = "AWS_MONITOR_ROLE_ARN"
UNSET = f"The repository variable {ROLE} is not set; docs/deploy.md says what it holds."


def time_from(variable: str) -> datetime | None:
    """Return the time in an environment variable, or None if it is empty."""
    text = os.environ.get(variable, "")
    return datetime.fromisoformat(text) if text else None


def key_range(folder: str, since: datetime, until: datetime | None) -> tuple[str, str, str]:
    """Return the prefix of a folder's keys, and the keys before and after those of a window."""
    prefix = f"{folder}/{workflow.project_name()}/AllTraffic/"
    end = f"{until + HOUR:%Y/%m/%d/%H}" if until else "~"
    return prefix, f"{prefix}{since - HOUR:%Y/%m/%d/%H}", f"{prefix}{end}"


def fetch_records(since: datetime, until: datetime | None) -> None:
    """Download the captures of a window, and the ground truth that has arrived since it began."""
    from . import aws  # pylint: disable=import-outside-toplevel  # needs the client

    bucket, store = aws.bootstrap_outputs()["Bucket"], aws.client("s3")

    def keys(prefix: str, start: str, end: str) -> Iterator[str]:
        pages = store.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=start):
            for entry in page.get("Contents", []):
                if entry["Key"] > end:  # keys sort by time
                    return
                yield entry["Key"]

    def download(key: str) -> None:
        path = workflow.FETCHED / key
        path.parent.mkdir(parents=True, exist_ok=True)
        store.download_file(bucket, key, str(path))

    wanted = [
        *keys(*key_range("captures", since, until)),
        *keys(*key_range("ground-truth", since, None)),
    ]
    with ThreadPoolExecutor(max_workers=16) as pool:
        for _ in pool.map(download, wanted):
            pass


def main() -> None:
    """Fetch into `fetched/`; set the output `configured`."""
    if ROLE not in workflow.repository_variables():
        workflow.skip_fetch(UNSET)
        return
    from . import endpoint  # pylint: disable=import-outside-toplevel  # needs the client

    shutil.rmtree(workflow.FETCHED, ignore_errors=True)
    workflow.FETCHED.mkdir()
    image = endpoint.image()
    if not image:
        name = workflow.project_name()
        workflow.fail(f"There is no endpoint {name} in this region; deploy it first.")
    if since := time_from("SINCE"):
        (workflow.FETCHED / "captures").mkdir()
        fetch_records(since, time_from("UNTIL"))
    docker.copy_model(image)
    workflow.set_output(configured="true")

"""Fetch the window's captures, all truths since, and the model out of the image that is served."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import amazon
import served
import steps

DOCKER = "docker"
MODEL = "/app/model"  # where the Dockerfile puts it
HOUR = timedelta(hours=1)  # what a file holds may belong to the hour beside its own


def moment(name: str) -> datetime | None:
    """Return an end of the window, None where it is open."""
    text = os.environ.get(name, "")
    return datetime.fromisoformat(text) if text else None


def keys(bucket: str, folder: str, since: datetime | None, until: datetime | None) -> Iterator[str]:
    """Yield what lies in a folder between two hours; keys are in the order of time."""
    prefix = f"{folder}/{steps.name()}/AllTraffic/"
    start = f"{prefix}{since - HOUR:%Y/%m/%d/%H}" if since else prefix
    end = f"{prefix}{until + HOUR:%Y/%m/%d/%H}" if until else f"{prefix}~"
    pages = amazon.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=start):
        for each in page.get("Contents", []):
            if each["Key"] > end:
                return
            yield each["Key"]


def download(bucket: str, key: str) -> None:
    """Bring one object to its place."""
    place = steps.FETCHED / key
    place.parent.mkdir(parents=True, exist_ok=True)
    amazon.client("s3").download_file(bucket, key, str(place))


def take_model(image: str) -> None:
    """Copy the model out of an image; it is not run."""
    made = subprocess.run([DOCKER, "create", image], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        sys.exit(made.returncode)
    container = made.stdout.strip()
    words = ["cp", f"{container}:{MODEL}", str(steps.SERVED)]
    done = subprocess.run([DOCKER, *words], check=False)
    subprocess.run([DOCKER, "rm", "--force", container], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Fetch what there is, and fail where nothing is served."""
    shutil.rmtree(steps.FETCHED, ignore_errors=True)
    steps.FETCHED.mkdir()
    image = served.image()
    if not image:
        steps.refuse(f"There is no endpoint {steps.name()} in this region; deploy it first.")
    since, until = moment("SINCE"), moment("UNTIL")
    if since:
        bucket = amazon.account()["Bucket"]
        Path(steps.FETCHED, "captures").mkdir()
        # Truths come late: of those, all that were told since.
        wanted = [
            *keys(bucket, "captures", since, until),
            *keys(bucket, "ground-truth", since, None),
        ]
        with ThreadPoolExecutor(max_workers=16) as pool:
            for _ in pool.map(lambda key: download(bucket, key), wanted):
                pass
    take_model(image)


if __name__ == "__main__":
    main()

"""Fetch what the service was asked and answered, what turned out to be true, and its model."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import gcloud
import steps
import traffic

DOCKER = "docker"
CONTAINER = "service"  # beside the one that reads metrics
MODEL = "/app/model"  # where the image keeps it
HOUR = timedelta(hours=1)  # what a folder's files hold may belong to the hour beside its own


def image_of(revision: str) -> str:
    """Return the image that a revision runs, by its digest."""
    found = gcloud.read("run", "revisions", "describe", revision, gcloud.region())
    images = {each["name"]: each["image"] for each in found["spec"]["containers"]}
    return str(images[CONTAINER])


def docker(*words: str) -> str:
    """Run docker and return what it prints; what is wrong goes to the log."""
    return subprocess.run(
        [DOCKER, *words], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def fetch_model(image: str) -> None:
    """Take the model out of the image: it is the one that is served, also after a rollback."""
    container = docker("create", image)
    try:
        docker("cp", f"{container}:{MODEL}", str(steps.SERVED))
    finally:
        docker("rm", container)


def days(since: datetime, until: datetime) -> str:
    """Return the folders of all days from one on to another, as a pattern."""
    first, last = (since - HOUR).date(), (until + HOUR).date()
    count = (last - first).days + 1
    return "|".join(f"{first + timedelta(days=i):%Y/%m/%d}" for i in range(count))


def fetch_records(since: datetime, until: datetime) -> None:
    """Copy a time's captures, and the truths that have come since: they may be about any of them.

    The whole bucket is compared, so that a day without a record is no failure.
    """
    now = datetime.now(UTC)
    captures = f"captures/[^/]+/[^/]+/({days(since, until)})/"
    truths = f"ground-truth/[^/]+/[^/]+/({days(since, max(now, until))})/"
    # gcloud can leave out, and not choose; it compares from the beginning, and takes ^ for its own.
    others = f"(?!{captures}|{truths}).*"
    hidden = r"(.*/)?\.[^/]*$"  # still being written, or left behind
    gcloud.text(
        *("storage", "rsync", f"gs://{gcloud.settings()['GCP_BUCKET']}", str(steps.FETCHED)),
        *("--recursive", f"--exclude={others}|{hidden}"),
    )


def main() -> None:
    """Fetch into `fetched`, and hand on whether there was something to fetch from."""
    revision = traffic.serving(traffic.targets(traffic.describe()))
    if not revision:
        steps.note(f"{traffic.service()} is not deployed yet: there is nothing to compare with.")
        steps.hand_on(configured="false")
        return
    shutil.rmtree(steps.FETCHED, ignore_errors=True)
    steps.FETCHED.mkdir()
    fetch_model(image_of(revision))
    if os.environ["SINCE"]:
        window = (os.environ[name] for name in ("SINCE", "UNTIL"))
        fetch_records(*(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in window))
    steps.hand_on(configured="true")


if __name__ == "__main__":
    main()

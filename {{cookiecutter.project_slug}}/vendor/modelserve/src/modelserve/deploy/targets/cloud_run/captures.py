"""Fetch captures and ground truth from the bucket, and the model from the image that serves."""

import os
import shutil
from datetime import UTC, datetime, timedelta

from ... import docker, workflow
from . import gcloud, traffic

CONTAINER = "service"  # beside the one that reads metrics
HOUR = timedelta(hours=1)  # a file may hold records of the hour before or after its folder's
UNSET = "The repository variable GCP_PROJECT is not set; deploy/set-up.sh prints its value."


def image_of(revision: str) -> str:
    """Return the image of a revision, by its digest."""
    described = gcloud.read("run", "revisions", "describe", revision, gcloud.region())
    images = {each["name"]: each["image"] for each in described["spec"]["containers"]}
    return str(images[CONTAINER])


def days_pattern(since: datetime, until: datetime) -> str:
    """Return a regular expression for the folders of all days of a window."""
    first, last = (since - HOUR).date(), (until + HOUR).date()
    count = (last - first).days + 1
    return "|".join(f"{first + timedelta(days=i):%Y/%m/%d}" for i in range(count))


def fetch_records(since: datetime, until: datetime) -> None:
    """Copy the captures of a window, and the ground truth that has arrived since it began.

    The whole bucket is synchronised, so that a day without records is no failure.
    """
    now = datetime.now(UTC)
    captures = f"captures/[^/]+/[^/]+/({days_pattern(since, until)})/"
    ground_truth = f"ground-truth/[^/]+/[^/]+/({days_pattern(since, max(now, until))})/"
    # gcloud can exclude and not include; it matches from the beginning, and reads ^ as its own.
    others = f"(?!{captures}|{ground_truth}).*"
    hidden = r"(.*/)?\.[^/]*$"  # still being written, or left behind
    gcloud.run(
        *("storage", "rsync", f"gs://{gcloud.settings()['GCP_BUCKET']}", str(workflow.FETCHED)),
        *("--recursive", f"--exclude={others}|{hidden}"),
    )


def main() -> None:
    """Fetch into `fetched/`; set the output `configured`."""
    if "GCP_PROJECT" not in workflow.repository_variables():
        workflow.skip_fetch(UNSET)
        return
    revision = traffic.main_revision(traffic.traffic_targets(traffic.describe()))
    if not revision:
        workflow.skip_fetch(f"{traffic.service_name()} is not deployed yet.")
        return
    shutil.rmtree(workflow.FETCHED, ignore_errors=True)
    workflow.FETCHED.mkdir()
    docker.copy_model(image_of(revision))
    if os.environ.get("SINCE"):
        window = (os.environ[name] for name in ("SINCE", "UNTIL"))
        fetch_records(*(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in window))
    workflow.set_output(configured="true")

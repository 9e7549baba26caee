"""What a revision of the service has logged."""

from typing import Any

import gcloud

MOST_ERRORS = 20
LONGEST_ERROR = 300
WANTED = (
    'resource.type="cloud_run_revision" AND resource.labels.service_name="{}"'
    ' AND resource.labels.revision_name="{}" AND severity>=ERROR'
)


def errors(service: str, revision: str) -> list[str]:
    """Return the latest errors, each on one line."""
    limits = ("--freshness=1d", f"--limit={MOST_ERRORS}")
    entries = gcloud.read("logging", "read", WANTED.format(service, revision), *limits)
    return [f"logged: {message(each)}" for each in entries]


def message(entry: dict[str, Any]) -> str:
    """Return what an entry says."""
    asked = entry.get("httpRequest", {})
    said = (
        entry.get("jsonPayload", {}).get("message")
        or entry.get("textPayload")
        or f"{asked.get('requestMethod')} {asked.get('requestUrl')}: {asked.get('status')}"
    )
    return " ".join(str(said).split())[:LONGEST_ERROR]

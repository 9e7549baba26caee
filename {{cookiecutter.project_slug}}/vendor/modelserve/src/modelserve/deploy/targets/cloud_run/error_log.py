"""Read the errors that a revision of the service has logged."""

from typing import Any

from . import gcloud

MAX_ERRORS = 20
MAX_ERROR_CHARACTERS = 300
FILTER = (
    'resource.type="cloud_run_revision" AND resource.labels.service_name="{}"'
    ' AND resource.labels.revision_name="{}" AND severity>=ERROR'
)


def read_errors(service: str, revision: str) -> list[str]:
    """Return the latest errors, each on one line."""
    limits = ("--freshness=1d", f"--limit={MAX_ERRORS}")
    entries = gcloud.read("logging", "read", FILTER.format(service, revision), *limits)
    return [f"logged: {message(entry)}" for entry in entries]


def message(entry: dict[str, Any]) -> str:
    """Return the message of a log entry, or the request that it is about."""
    request = entry.get("httpRequest", {})
    text = (
        entry.get("jsonPayload", {}).get("message")
        or entry.get("textPayload")
        or f"{request.get('requestMethod')} {request.get('requestUrl')}: {request.get('status')}"
    )
    return " ".join(str(text).split())[:MAX_ERROR_CHARACTERS]

"""Choose the window to look at: what was typed, or whole days until this day's midnight, in UTC."""

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import steps

FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")  # those that `monitor` takes


def typed(name: str) -> datetime | None:
    """Return the time that someone typed, None where they left it open."""
    text = os.environ[name].strip()
    for form in FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    if text:
        steps.refuse(f"{name} is {text!r}; write it as 2026-01-31 or 2026-01-31T06:00, in UTC.")
    return None


def main() -> None:
    """Hand on `since` and `until`."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = typed("UNTIL") or midnight
    since = typed("SINCE") or until - timedelta(days=int(os.environ["DAYS"]))
    if since >= until:
        steps.refuse(f"SINCE is {since:{FORMATS[1]}} and UNTIL {until:{FORMATS[1]}}; swap them.")
    steps.hand_on(since=f"{since:{FORMATS[2]}}", until=f"{until:{FORMATS[2]}}")


if __name__ == "__main__":
    main()

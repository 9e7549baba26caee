"""Choose the time window to monitor: the one that was typed, or the last whole days in UTC."""

import argparse
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from . import workflow

MOST_DAYS = 36_500
FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")  # those that `monitor` accepts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `monitoring-window`."""
    add = workflow.add_option
    add(parser, "--since", variable="SINCE", about="Start in UTC; DAYS before the end if empty")
    add(parser, "--until", variable="UNTIL", about="End in UTC; the last midnight if empty")
    add(parser, "--days", variable="DAYS", about="Length in days", default="7")
    about = "Where a window ends that has no typed end"
    parser.add_argument("--end", choices=("midnight", "now"), default="midnight", help=about)


def parse_time(name: str, text: str) -> datetime | None:
    """Return a time that was typed, or None for an empty text."""
    text = text.strip()
    for form in FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    if text:
        workflow.fail(f"{name} is {text!r}; write it as 2026-01-31 or 2026-01-31T06:00, in UTC.")
    return None


def parse_days(text: str) -> int:
    """Return a number of days that was typed."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_DAYS):
        workflow.fail(f"DAYS is {text[:40]!r}; write a whole number from 1 to {MOST_DAYS}.")
    return int(text)


def main(options: argparse.Namespace) -> None:
    """Set the outputs `since` and `until`."""
    now = datetime.now(UTC).replace(microsecond=0)
    end = now if options.end == "now" else now.replace(hour=0, minute=0, second=0)
    until = parse_time("UNTIL", options.until) or end
    since = parse_time("SINCE", options.since) or until - timedelta(days=parse_days(options.days))
    if since >= until:
        workflow.fail(f"SINCE is {since:{FORMATS[1]}} and UNTIL {until:{FORMATS[1]}}; swap them.")
    workflow.set_output(since=f"{since:{FORMATS[2]}}", until=f"{until:{FORMATS[2]}}")

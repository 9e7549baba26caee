"""Compare the captures that were fetched with the training data, and output the result."""

import argparse
import json
import sys
from pathlib import Path

from . import workflow

RESULTS = {0: "ok", 3: "violation"}  # by the exit code of `monitor`; any other is a failure
TITLES = {"ok": "OK", "violation": "Violation"}
REPORT = Path("report")
MAX_VIOLATIONS = 50  # an issue holds at most 65,536 characters
MAX_VIOLATION_CHARACTERS = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `run-monitoring`."""
    workflow.add_option(parser, "--since", variable="SINCE", about="Start of the window, in UTC")
    workflow.add_option(parser, "--until", variable="UNTIL", about="End of the window, in UTC")


def command(since: str, until: str) -> list[str]:
    """Return the arguments of the project's command."""
    captures = str(workflow.FETCHED / "captures")
    words = ["monitor", captures, "--model", str(workflow.SERVED_MODEL)]
    ground_truth = workflow.FETCHED / "ground-truth"
    if ground_truth.is_dir():
        words += ["--ground-truth", str(ground_truth)]
    return [*words, "--since", since, "--until", until, "--output", str(REPORT)]


def read_violations() -> str:
    """Return the violations in the report, one a line."""
    content = (REPORT / "constraint_violations.json").read_text(encoding="utf-8")
    lines = [
        " ".join(f"{violation['feature_name']}: {violation['description']}".split())
        for violation in json.loads(content)["violations"]
    ]
    shown = [line[:MAX_VIOLATION_CHARACTERS] for line in lines[:MAX_VIOLATIONS]]
    more = len(lines) - len(shown)
    return "\n".join(shown + ([f"and {more} more"] if more else []))


def main(options: argparse.Namespace) -> None:
    """Set the outputs `result` and `violations`; a violation is no failure of this step."""
    code = workflow.run_project_command(*command(options.since, options.until))
    if code not in RESULTS:
        workflow.append_summary("Monitoring failed; the log says why.")
        sys.exit(code)
    result, violations = RESULTS[code], read_violations()
    workflow.set_output(result=result, violations=violations)
    window = f"{options.since} to {options.until}, in UTC"
    details = workflow.code_block(violations)
    workflow.append_summary(f"**{TITLES[result]}**: {window}.\n\n{details}".rstrip())

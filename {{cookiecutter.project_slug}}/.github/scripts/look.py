"""Compare what was fetched with the training data, and hand on the verdict."""

import json
import os
import sys
from pathlib import Path

import steps

VERDICTS = {0: "calm", 3: "breached"}  # by the exit code of `monitor`; any other is a failure
REPORT = Path("report")
MOST_FINDINGS = 50  # an issue holds 65,536 characters
LONGEST_FINDING = 500


def command() -> list[str]:
    """Return the words of the comparison."""
    words = ["monitor", str(steps.FETCHED / "captures"), "--model", str(steps.SERVED)]
    truths = steps.FETCHED / "ground-truth"
    if truths.is_dir():
        words += ["--ground-truth", str(truths)]
    window = ["--since", os.environ["SINCE"], "--until", os.environ["UNTIL"]]
    return [*words, *window, "--output", str(REPORT)]


def findings() -> str:
    """Return what is breached, one a line."""
    content = (REPORT / "constraint_violations.json").read_text(encoding="utf-8")
    lines = [
        " ".join(f"{each['feature_name']}: {each['description']}".split())[:LONGEST_FINDING]
        for each in json.loads(content)["violations"]
    ]
    more = len(lines) - MOST_FINDINGS
    return "\n".join(lines[:MOST_FINDINGS] + ([f"and {more} more"] if more > 0 else []))


def main() -> None:
    """Look, and fail only where nothing could be seen."""
    code = steps.run(*command())
    if code not in VERDICTS:
        steps.summarise("Nothing could be compared; the log says why.")
        sys.exit(code)
    verdict, found = VERDICTS[code], findings()
    steps.hand_on(verdict=verdict, findings=found)
    window = f"{os.environ['SINCE']} to {os.environ['UNTIL']}, in UTC"
    steps.summarise(f"**{verdict.capitalize()}**: {window}.\n\n{steps.quoted(found)}".rstrip())


if __name__ == "__main__":
    main()

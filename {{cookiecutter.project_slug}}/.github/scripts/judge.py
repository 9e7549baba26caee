"""Compare a candidate with the served model: by their figures, and by whether it may replace it."""

import json
import os
import sys
from pathlib import Path

import steps

CANDIDATE = Path("candidate")
WORDS = {
    0: "The candidate may take the served model's place.",
    1: "**The candidate may not take the served model's place**; the log says why.",
}


def table(served: str, candidate: str) -> str:
    """Return the metrics of two manifests beside each other, in Markdown."""
    manifests = [json.loads(text) for text in (served, candidate)]
    versions = " | ".join(f"`{each['version']}`" for each in manifests)
    lines = ["| | served | candidate |", "|---|---|---|", f"| version | {versions} |"]
    for name in sorted({name for each in manifests for name in each["metrics"]}):
        figures = [each["metrics"].get(name) for each in manifests]
        cells = " | ".join("" if value is None else f"{value:.4f}" for value in figures)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Judge, and fail when the candidate is worse."""
    if not (steps.SERVED / "manifest.json").exists():
        steps.note("No served model was fetched: there is nothing to compare with.")
        return
    # Read first: the promotion, of which this is a rehearsal, replaces the fetched model.
    manifests = [
        (folder / "manifest.json").read_text(encoding="utf-8")
        for folder in (steps.SERVED, CANDIDATE)
    ]
    slack = f"--slack={os.environ['SLACK']}"
    code = steps.run("promote", str(CANDIDATE), "--to", str(steps.SERVED), slack)
    if code in WORDS:
        steps.summarise(f"{table(*manifests)}\n\n{WORDS[code]}")
    sys.exit(code)


if __name__ == "__main__":
    main()

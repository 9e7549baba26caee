"""Compare a candidate with the served model: show their metrics, and fail if it is worse."""

import argparse
import json
import sys
from pathlib import Path

from . import workflow

CANDIDATE = Path("candidate")
CONCLUSIONS = {  # by the exit code of `promote`; any other is a failure
    0: "The candidate may replace the served model.",
    1: "**The candidate may not replace the served model**; the log says why.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `compare-models`."""
    about = "By how much each metric may be worse than the served model's"
    workflow.add_option(parser, "--tolerance", variable="TOLERANCE", about=about, default="0")


def metrics_table(served: str, candidate: str) -> str:
    """Return the metrics of two manifests side by side, in Markdown."""
    manifests = [json.loads(text) for text in (served, candidate)]
    versions = " | ".join(f"`{manifest['version']}`" for manifest in manifests)
    lines = ["| | served | candidate |", "|---|---|---|", f"| version | {versions} |"]
    for name in sorted({name for manifest in manifests for name in manifest["metrics"]}):
        values = [manifest["metrics"].get(name) for manifest in manifests]
        cells = " | ".join("" if value is None else f"{value:.4f}" for value in values)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main(options: argparse.Namespace) -> None:
    """Compare, and exit with the code of `promote`."""
    served = workflow.SERVED_MODEL
    if not (served / workflow.MANIFEST).exists():
        workflow.notice("No served model was fetched: there is nothing to compare with.")
        return
    # Read first: a promotion, of which this is a rehearsal, replaces the fetched model.
    manifests = [
        (folder / workflow.MANIFEST).read_text(encoding="utf-8") for folder in (served, CANDIDATE)
    ]
    tolerance = f"--tolerance={options.tolerance}"
    code = workflow.run_project_command("promote", str(CANDIDATE), "--to", str(served), tolerance)
    if code in CONCLUSIONS:
        workflow.append_summary(f"{metrics_table(*manifests)}\n\n{CONCLUSIONS[code]}")
    sys.exit(code)

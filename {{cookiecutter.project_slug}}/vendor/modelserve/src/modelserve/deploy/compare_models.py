"""Compare a candidate with the served model: show their metrics, and fail if it is worse."""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import workflow

CANDIDATE = Path("candidate")
COMPARISON = workflow.FETCHED / "comparison.json"
MARKDOWN = Path("comparison.md")  # for the pull request that proposes the candidate
SERVED_CARD = Path("proposal", "served_card.md")
HOLDOUT = workflow.FETCHED / "holdout.jsonl"  # collected rows that training did not see
CONCLUSIONS = {  # by the exit code of `promote`; any other is a failure
    0: "The candidate may replace the served model.",
    1: "**The candidate may not replace the served model:**",
}
LISTED = 5  # slices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `compare-models`."""
    about = "By how much each metric may be worse than the served model's"
    workflow.add_option(parser, "--tolerance", variable="TOLERANCE", about=about, default="0")
    about = "`true`: compare on collected rows, and require a candidate that is better on them"
    workflow.add_option(parser, "--collected", variable="COLLECTED", about=about)
    about = "Record the decision in this file, and replace the fetched model; else, compare only"
    workflow.add_option(parser, "--record", variable="RECORD", about=about)


def main(options: argparse.Namespace) -> None:
    """Compare, set the output `better`, and exit with the code of `promote`."""
    served = workflow.SERVED_MODEL
    if not (served / workflow.MANIFEST).exists():
        workflow.notice("No served model was fetched: there is nothing to compare with.")
        return
    keep_card(served / "MODEL_CARD.md")
    COMPARISON.unlink(missing_ok=True)
    exit_code = workflow.run_project_command(
        *("promote", str(CANDIDATE), "--to", str(served), f"--tolerance={options.tolerance}"),
        *(("--require=better", f"--holdout={HOLDOUT}") if options.collected == "true" else ()),
        *((f"--record={options.record}",) if options.record else ("--rehearse",)),
        *("--json", str(COMPARISON)),
    )
    better = False
    if exit_code in CONCLUSIONS and COMPARISON.exists():
        report = json.loads(COMPARISON.read_text(encoding="utf-8"))
        reasons = workflow.code_block("\n".join(map(one_line, report["reasons"])))
        summary = f"{comparison_table(report)}\n\n{CONCLUSIONS[exit_code]}\n\n{reasons}".rstrip()
        MARKDOWN.write_text(f"{summary}\n", encoding="utf-8")
        workflow.append_summary(summary)
        better = exit_code == 0 and options.collected == "true"
    workflow.set_output(better=str(better).lower())
    sys.exit(exit_code)


def keep_card(card: Path) -> None:
    """Copy the served model's card, which a promotion replaces, for the pull request."""
    if card.exists():
        SERVED_CARD.parent.mkdir(exist_ok=True)
        shutil.copyfile(card, SERVED_CARD)


def comparison_table(report: Mapping[str, Any]) -> str:
    """Return what `promote --json` wrote as tables in Markdown."""
    lines = ["| | served | candidate | difference | 95 % interval | verdict |", f"|{'---|' * 6}"]
    versions = " | ".join(code(report[role]) for role in ("champion", "candidate"))
    lines.append(f"| version | {versions} | | | |")
    comparison = report["comparison"]
    if not comparison:
        return "\n".join(lines)
    lines += metric_lines(comparison)
    checks = comparison["checks"]
    lines.append(f"| bytes | {checks['champion_bytes']:,} | {checks['size_bytes']:,} | | | |")
    rows = f"{comparison['rows']:,} rows of {code(comparison['source'])}"
    slices = comparison["slices"]
    tested = f"{len(slices)} slices by `{comparison['slice_metric']}`"
    lines += ["", f"Compared on {rows}, SHA-256 `{comparison['rows_sha256'][:12]}…`; {tested}."]
    lines += [f"- {one_line(note)}." for note in comparison["notes"]]
    if slices:
        lines += ["", "| slice | rows | difference | 95 % interval | verdict |", f"|{'---|' * 5}"]
        lines += [
            f"| {code(each['name'])} | {each['rows']:,} | {signed(each['difference'])} | "
            f"{interval(each)} | {each['verdict']} |"
            for each in slices[:LISTED]
        ]
    return "\n".join(lines)


def metric_lines(comparison: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line of the table for each metric, and for the time of each call."""
    for each in comparison["metrics"]:
        primary = " (primary)" if each["name"] == comparison["primary"] else ""
        values = " | ".join(number(each[role]) for role in ("champion", "candidate"))
        yield (
            f"| {code(each['name'])}{primary} | {values} | {signed(each['difference'])} | "
            f"{interval(each)} | {each['verdict']} |"
        )
    for each in comparison["latency"]:
        yield (
            f"| ms for {each['rows']} row{'' if each['rows'] == 1 else 's'} | "
            f"{each['champion_ms']:.3g} | {each['candidate_ms']:.3g} | {each['ratio']:.2f} times | "
            f"{each['low']:.2f} to {each['high']:.2f} times | "
            f"{'too slow' if each['too_slow'] else 'fast enough'} |"
        )


def number(value: float | None) -> str:
    """Return a number with four decimals; nothing for one that is undefined."""
    return "" if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    """Return a number with its sign; nothing for one that is undefined."""
    return "" if value is None else f"{value:+.4f}"


def interval(each: Mapping[str, Any]) -> str:
    """Return the interval of a difference; nothing without one."""
    return f"{signed(each['low'])} to {signed(each['high'])}" if each["low"] is not None else ""


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


def code(text: str | None) -> str:
    """Return a text as code in a cell of a table, in which it neither links nor mentions."""
    plain = one_line(text or "").replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else ""

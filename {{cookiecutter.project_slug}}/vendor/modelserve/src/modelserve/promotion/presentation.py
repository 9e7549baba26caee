"""Print a comparison and the record of promotions, and write a comparison for other programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from .. import artifact, display
from ..errors import ArtifactError
from .authorship import clean
from .chain import to_json
from .comparison import Comparison
from .decisions import APPROVED, CANDIDATE, CHAMPION, DECISION, ENDS

DIGITS = 5  # of a figure, unless more are before its point
MINUTES = 16  # characters of a time without its seconds
COLOURS = {"better": "green", "worse": "red"}


def show_comparison(comparison: Comparison) -> None:
    """Print what a comparison found."""
    display.show(
        f"{comparison.rows} rows of {comparison.source}",
        [
            (
                each.name + ("\n(primary)" if each.name == comparison.primary else ""),
                figure(each.champion),
                figure(each.candidate),
                figure(each.difference, "+"),
                each.interval,
                Text(each.verdict, style=COLOURS.get(each.verdict, "")),
            )
            for each in comparison.metrics
        ],
        head=("metric", "served", "candidate", "change", "95 % interval", "verdict"),
    )
    for each in comparison.slices[:1]:
        display.say(
            f"Worst of {len(comparison.slices)} slices by {comparison.slice_metric}: {each.name}, "
            f"{each.rows} rows, {each.difference:+.4f} ({each.low:+.4f} to {each.high:+.4f})",
            aside=True,
        )
    for ratio in comparison.latency:
        display.say(
            f"Latency of {ratio.rows} row{'' if ratio.rows == 1 else 's'}: "
            f"{ratio.candidate_ms:.3g} ms, {ratio.ratio:.2f} times the served model's",
            aside=True,
        )
    for note in comparison.notes:
        display.warn(f"{note}.")


def write_comparison(
    path: Path,
    folders: tuple[Path, Path],
    comparison: Comparison | None,
    reasons: Sequence[str],
) -> None:
    """Write what was compared and found, for another program.

    Raises:
        ArtifactError: the file cannot be written.
    """

    def version(folder: Path) -> str | None:
        exists = (folder / artifact.MANIFEST).exists()
        return artifact.load(folder).manifest.version if exists else None

    content: Mapping[str, Any] = {
        "candidate": version(folders[0]),
        "champion": version(folders[1]),
        "reasons": list(reasons),
        "comparison": comparison and comparison.as_json(),
    }
    try:
        path.write_bytes(to_json(content) + b"\n")
    except OSError as error:
        raise ArtifactError(f"The comparison cannot be written to {path}: {error}") from error


def show_record(contents: Sequence[Mapping[str, Any]]) -> None:
    """Print the decisions as a table: an approval and how it ended are one row."""
    rows, lines, why = [], list[str](), ""
    for place, each in enumerate(contents):
        approved = each.get(DECISION) == APPROVED
        why = _text(each.get("reason")) if approved else why
        if approved and place + 1 < len(contents):
            continue
        ended = each.get(DECISION) in ENDS
        faults = _text("; ".join(map(str, each.get("reasons") or ())))
        reason = why if ended else _text(each.get("reason"))
        rows.append(
            (
                _text(each.get("number")),
                _text(each.get("time")).replace("T", " ")[:MINUTES],
                _text(each.get("by")),
                _text(each.get(DECISION)),
                *(_version(each.get(role)) for role in (CANDIDATE, CHAMPION)),
            )
        )
        if told := " / ".join(filter(None, (reason, faults))):
            lines.append(f"{_text(each.get('number'))}: {told}")
    display.show("", rows, head=("", "UTC", "by", "decision", "candidate", "before"))
    for line in lines:
        display.say(line)


def figure(value: float, sign: str = "-") -> str:
    """Return a number with four decimals, the fewer the larger it is, to fit in its column."""
    decimals = max(0, DIGITS - len(f"{abs(value):.0f}"))
    return f"{value:{sign}.{decimals}f}"


def _text(value: object) -> str:
    return clean(str(value)) if value else ""


def _version(model: object) -> str:
    return _text(model.get("version")) if isinstance(model, dict) else ""

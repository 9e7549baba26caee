"""Write the evidence about a model as files, and as sections of its card."""

import json
from collections.abc import Iterable, Mapping, Sequence

from ...artifact import Artifact, Content, to_text
from ...errors import ArtifactError
from ...manifest import Manifest
from .baselines import BaselineComparison
from .calibration import Calibration, LabelCalibration, ValueCalibration
from .changes import ModelDifference
from .evaluation import EVALUATION, Evidence, to_content
from .group_gaps import GroupGaps
from .markdown import cell
from .pictures import CALIBRATION, CONFUSION, RESIDUALS, SLICES, draw_evidence
from .robustness import Robustness
from .slices import SliceTable

DIFFERENCE = "Difference to the last model"  # a section of the card
MAX_SLICES, MAX_GROUPS = 10, 20  # that the card lists
NAMES = {
    "demographic_parity_difference": "demographic parity: rate of the answer",
    "equalized_odds_difference": "equalised odds: rate of right or of false answers",
    "equal_opportunity_difference": "equal opportunity: rate of right answers",
    "accuracy_difference": "accuracy",
    "mean_answer_difference": "mean answer",
    "mean_error_difference": "mean of answer minus truth",
    "mae_difference": "mean absolute error",
}
ALTERNATIVES = {
    CALIBRATION: "Accuracy over confidence, in ten bins",
    RESIDUALS: "Truth minus answer, by the size of the answer",
    SLICES: "The worst slices with their intervals",
    CONFUSION: "Test rows by label and answer",
}


def evidence_files(
    evidence: Evidence, manifest: Manifest, target: str, difference: ModelDifference | None
) -> dict[str, bytes]:
    """Return evaluation.json and the pictures by their names.

    Args:
        evidence: about the model.
        manifest: with the metrics and their intervals.
        target: the name of the column.
        difference: to the last model, if there was one and anything changed.
    """
    content = to_content(evidence, manifest, target, difference)
    return {EVALUATION: to_text(content), **draw_evidence(evidence)}


def difference_in(files: Mapping[str, Content]) -> tuple[str, ...]:
    """Return what differs from the last model, a sentence each; nothing where nothing does.

    Args:
        files: of an artifact.
    """
    content = files.get(EVALUATION)
    difference = json.loads(content)["difference"] if isinstance(content, bytes) else None
    return tuple(difference["summary"]) if difference else ()


def target_of(trained: Artifact) -> str | None:
    """Return the name of an artifact's target; None where it is unknown."""
    try:
        target = trained.read_json(EVALUATION)["target"]
    except (ArtifactError, KeyError, TypeError):
        return None
    return target if isinstance(target, str) else None


def describe_evidence(evidence: Evidence, difference: ModelDifference | None) -> str:
    """Return the sections in Markdown; the pictures lie beside the card.

    Args:
        evidence: about the model.
        difference: to the last model, if there was one and anything changed.
    """
    drawn = draw_evidence(evidence)
    pictures = {
        name: f"![{text}]({name})\n" if name in drawn else "" for name, text in ALTERNATIVES.items()
    }
    sections = [
        _section("Against simple answers", _baseline(evidence.baseline)),
        _section("Slices", _slices(evidence.slices), pictures[SLICES]),
        _section("Labels and answers", [], pictures[CONFUSION]) if pictures[CONFUSION] else "",
        _calibration(evidence.calibration, pictures),
        _fairness(evidence.fairness),
        _robustness(evidence.robustness),
        _difference(difference),
    ]
    return "".join(sections)


def _section(title: str, lines: Sequence[str], picture: str = "") -> str:
    parts = (f"\n## {title}\n", picture, "\n".join(lines))
    return "\n".join(part for part in parts if part).rstrip("\n") + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(each)} |" for each in (head, *rows)]
    return [lines[0], f"|{'---|' * len(head)}", *lines[1:]]


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _baseline(comparison: BaselineComparison) -> list[str]:
    rows = [
        [
            cell(each.description),
            f"{each.metric:.4g}",
            f"{each.gain:.4g}",
            _between(each.low, each.high),
        ]
        for each in comparison.baselines
    ]
    text = f"{comparison.metric} on the test rows: the model's is {comparison.model:.4g}."
    head = ("Instead of the model", comparison.metric, "The model is better by", "95 % interval")
    return [text, "", *_table(head, rows)]


def _slices(table: SliceTable) -> list[str]:
    head = ("Field", "Value", "Rows", table.metric, "95 % interval")
    rows = [
        [
            cell(each.field),
            cell(each.value),
            str(each.rows),
            f"{each.metric:.4g}",
            _between(each.low, each.high),
        ]
        for each in table.slices[:MAX_SLICES]
    ]
    text = (
        f"The worst first; {table.metric} of all {table.rows} test rows is {table.whole:.4g}. "
        f"{EVALUATION} has the others.\nOf many slices, some are bad by chance."
    )
    if not rows:
        return ["There are too few test rows for slices."]
    return [text, "", *_table(head, rows)]


def _calibration(calibration: Calibration, pictures: dict[str, str]) -> str:
    if isinstance(calibration, LabelCalibration):
        text = (
            f"Expected calibration error {calibration.expected_calibration_error:.4g}, Brier score "
            f"{calibration.brier_score:.4g}."
        )
        return _section("Calibration", [text], pictures[CALIBRATION])
    return _section("Residuals", _residuals(calibration), pictures[RESIDUALS])


def _residuals(calibration: ValueCalibration) -> list[str]:
    head = [f"{100 * share:g} %" for share in calibration.probabilities]
    quantiles = [f"{value:.4g}" for value in calibration.quantiles]
    lines = [
        f"Truth minus answer on the test rows: its mean is {calibration.mean_residual:.4g}.",
        "",
        *_table(head, [quantiles]),
    ]
    if calibration.coverage is None or calibration.expected_coverage is None:
        return lines
    worst = min(each.coverage or 0.0 for each in calibration.bins)
    return [
        *lines,
        "",
        f"The interval should hold {100 * calibration.expected_coverage:g} % of true values, and "
        f"holds {100 * calibration.coverage:.1f} %;\n{100 * worst:.1f} % among the answers of the "
        "size where it holds least.",
    ]


def _fairness(columns: Sequence[GroupGaps]) -> str:
    if not columns:
        return ""
    lines: list[str] = []
    for each in columns:
        about = "" if each.label is None else f", answers {cell(each.label)}"
        lines += [f"By {cell(each.column)}{about}:", ""]
        known = [
            [NAMES[name], "too few rows" if gap is None else f"{gap:.4g}"]
            for name, gap in each.gaps.items()
        ]
        lines += [*_table(("Largest difference between groups", ""), known), ""]
        groups = [
            [cell(group.name), str(group.rows), f"{group.metric:.4g}"]
            for group in each.groups[:MAX_GROUPS]
        ]
        metric = "mae" if each.groups and not each.groups[0].rates else "accuracy"
        lines += [*_table(("Group", "Rows", metric), groups), ""]
        if each.left_out:
            lines += [f"{each.left_out} groups are left out: they have too few rows.", ""]
    return _section("Groups", lines)


def _robustness(result: Robustness | None) -> str:
    if result is None or not result.perturbations:
        return ""
    rows = [
        [
            each.name,
            each.detail,
            cell(each.problem) if each.metric is None else f"{each.metric:.4g}",
            "" if each.changed is None else f"{each.changed:.4g}",
        ]
        for each in result.perturbations
    ]
    what = "Labels that change" if result.metric == "accuracy" else "Mean change"
    text = f"{result.metric} of {result.rows} test rows, unchanged: {result.unchanged:.4g}."
    head = ("Inputs with", "", result.metric, what)
    return _section("Robustness", [text, "", *_table(head, rows)])


def _difference(difference: ModelDifference | None) -> str:
    if difference is None:
        return ""
    lines = [f"Since {cell(difference.previous)}:", ""]
    lines += [f"- {cell(each)}" for each in difference.summary]
    metrics = [
        [cell(name), f"{after:.4f}", f"{before:.4f}"]
        for name, (before, after) in difference.metrics.items()
    ]
    if metrics:
        lines += ["", *_table(("Metric", "Now", "Before"), metrics)]
        lines += ["", "The two were measured on their own test rows."]
    return _section(DIFFERENCE, lines)

"""What the truths say of the answers, and what is to be expected before any truth."""

from ..findings import Confidence, FeedbackSummary, Metric, MonitoringResult
from .markup import chip, facts, paragraph, section, table, text
from .read import bad_lines
from .reliability import reliability
from .wording import chance, count, figure, percent

NO_TRUTH = paragraph(
    "No ground truth was given: <code>monitor CAPTURES --ground-truth DIR</code> compares the",
    "answers with what turned out to be right.",
    kind="none",
)
NO_MATCH = paragraph("No truth met an answer in this window.", kind="none")
EXPECTED = paragraph(
    "A calibrated model is right as often as it is sure, so its mean confidence is the accuracy",
    "to expect before any truth is known. That holds while the same inputs mean the same labels:",
    "a shift in the inputs shows here, a change of what they mean does not.",
    kind="aside",
)


def performance(findings: MonitoringResult) -> str:
    """Return the figures of the answers that met a truth, beside training's."""
    found = findings.performance
    if found is None:
        return section("performance", "Performance", NO_TRUTH)
    head = ("Figure", "Verdict", "Production", "Training", "Bound", "p")
    rows = [_metric(each) for each in found.metrics]
    return section(
        "performance",
        "Performance",
        _outcomes(found.outcomes),
        table("Figures of production beside training's", head, rows, words=(1,))
        if rows
        else NO_MATCH,
        bad_lines(found.outcomes.places),
    )


def _metric(metric: Metric) -> list[str]:
    figures = [figure(value) for value in (metric.value, metric.training, metric.bound)]
    name = text(metric.name.replace("_", " "))
    return [name, chip(metric.verdict), *figures, chance(metric.p)]


def _outcomes(outcomes: FeedbackSummary) -> str:
    pairs = [
        ("Rows with a truth", outcomes.counted),
        ("Known after the window", outcomes.late),
        ("Told again", outcomes.duplicate),
        ("Of no row in the window", outcomes.unmatched),
        ("Of degraded answers", outcomes.degraded),
        ("With an unknown label", outcomes.unknown_label),
        ("Corrupt lines", outcomes.corrupt),
    ]
    return facts((name, count(n)) for name, n in pairs if n or name == pairs[0][0])


def expected(findings: MonitoringResult) -> str:
    """Return the accuracy to be expected, with what it is worth."""
    found = findings.confidence
    if findings.task == "regressor":
        said = paragraph("Only a classifier tells how sure it is.", kind="none")
    elif found is None:
        said = paragraph("No answer with a confidence was captured.", kind="none")
    else:
        said = _confidence(found) + EXPECTED
    return section("expected", "Expected accuracy", said)


def _confidence(found: Confidence) -> str:
    head = ("Figure", "Verdict", "Production", "Training", "Bound", "p", "Rows")
    shares = [percent(value) for value in (found.mean, found.training, found.bound)]
    row = ["mean confidence", chip(found.verdict), *shares, chance(found.p), count(found.rows)]
    return table("Mean confidence", head, [row], words=(1,))


def calibration(findings: MonitoringResult) -> str:
    """Return the reliability plot, with its points as a table beside it."""
    found = findings.performance
    if found is None:
        return section("calibration", "Calibration", NO_TRUTH)
    if not found.calibration:
        return section("calibration", "Calibration", NO_MATCH)
    sure = findings.task == "classifier"
    axes = ("mean confidence", "share that was right") if sure else ("mean answer", "mean truth")
    ideal = "as often right as they are sure" if sure else "right on average"
    write = percent if sure else figure
    rows = [
        (write(each.predicted), write(each.actual), count(each.rows)) for each in found.calibration
    ]
    head = (axes[0].capitalize(), axes[1].capitalize(), "Rows")
    title = f"{axes[1]} by {axes[0]}: " + "; ".join(
        f"{write(each.predicted)}, {write(each.actual)}" for each in found.calibration
    )
    return section(
        "calibration",
        "Calibration",
        paragraph(f"On the dashed line, answers are {ideal}."),
        '<div class="halves">\n',
        reliability(found.calibration, title, axes, shares=sure),
        table("Points of the reliability plot", head, rows),
        "</div>\n",
    )

"""How alike the groups are served."""

from ..findings import Fairness, Gap, MonitoringResult
from .markup import chip, paragraph, section, table, text
from .outcomes import NO_TRUTH
from .wording import UNKNOWN, chance, count, figure, percent

MEASURES = {
    "demographic_parity": "Demographic parity",
    "equalised_odds": "Equalised odds",
    "error_ratio": "Error ratio",
}
NO_GROUPS = paragraph(
    "No groups are compared: name them in <code>[fairness] groups</code> of",
    "<code>config/monitoring.toml</code>, and give each truth its <code>group</code>.",
    kind="none",
)


def fairness(findings: MonitoringResult) -> str:
    """Return each group's figures, and the gaps between groups."""
    found = findings.fairness
    if found is None:
        said = NO_TRUTH if findings.performance is None else NO_GROUPS
        return section("fairness", "Fairness by group", said)
    head = ("Gap", "Verdict", "Production", "Bound", "p", "About", "Lowest", "Highest")
    rows = [_gap(each) for each in found.gaps]
    gaps = table("Gaps between groups", head, rows, words=(1, 5, 6, 7))
    return section("fairness", "Fairness by group", gaps, _groups(found))


def _groups(found: Fairness) -> str:
    rows = [
        (
            text(each.group),
            count(each.outcomes),
            text(each.metric),
            figure(each.value) if each.metric == "mae" else percent(each.value),
            "yes" if each.compared else "no, too few",
        )
        for each in found.groups
    ]
    head = ("Group", "Rows with a truth", "Figure", "Production", "Compared")
    return table("Groups", head, rows, words=(2, 4))


def _gap(gap: Gap) -> list[str]:
    write = figure if gap.measure == "error_ratio" else percent
    names = [text(name) if name else UNKNOWN for name in (gap.label, gap.low, gap.high)]
    figures = [write(gap.value), write(gap.bound), chance(gap.p)]
    return [MEASURES[gap.measure], chip(gap.verdict), *figures, *names]

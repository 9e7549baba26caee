"""What a person must know first: the verdict, what to do, and what is not known."""

from collections.abc import Iterator

from ..findings import MonitoringResult, Verdict
from .markup import chip, folded, paragraph, section, sentence, text
from .wording import SPACE, count, listed, moment, plural

UNSTATED = "(unstated)"  # the version that no answer was captured of
NAMED = 8  # breached things of a kind that are told in full


def headline(findings: MonitoringResult) -> str:
    """Return the verdict in words."""
    found, window = findings.violations, findings.window
    judged = any(each.verdict in (Verdict.OK, Verdict.VIOLATION) for each in findings.shifts)
    if found:
        verdict = Verdict.VIOLATION
        names = [text(name) for name in dict.fromkeys(each.name for each in found)]
        title = f"Someone should look at {listed(names)}."
    elif judged:
        verdict, title = Verdict.OK, "Nothing that was judged is beyond its bounds."
    else:
        verdict, title = Verdict.TOO_FEW, "There is too little to tell anything."
    unknown = "".join(f"<li>{each}</li>\n" for each in _unknown(findings))
    return section(
        "verdict",
        f"{chip(verdict)} {title}",
        paragraph(
            f"Version{SPACE}{text(findings.version)} answered {plural(window.rows, 'row')}",
            f"between {moment(window.first)} and {moment(window.last)}.",
        ),
        "".join(_breached(findings)),
        f"<h3>What this does not tell</h3>\n<ul>\n{unknown}</ul>\n" if unknown else "",
    )


def _breached(findings: MonitoringResult) -> Iterator[str]:
    """Yield what is breached, under the runbook that says what to do."""
    runbooks = runbooks_of(findings)
    by_runbook: dict[str, list[str]] = {}
    for each in findings.violations:
        told = f"<li><b>{text(each.name)}</b>: {sentence(each.description)}.</li>\n"
        by_runbook.setdefault(runbooks.get(each.name, "input-drift"), []).append(told)
    for runbook, lines in by_runbook.items():
        rest = folded(f"{len(lines) - NAMED} more", f"<ul>\n{''.join(lines[NAMED:])}</ul>\n")
        yield (
            f"<h3>{runbook.replace('-', ' ').capitalize()}</h3>\n"
            f"<ul>\n{''.join(lines[:NAMED])}</ul>\n{rest if lines[NAMED:] else ''}"
        )
        yield paragraph(
            f"In the rows since {moment(findings.window.first)}.",
            f"What to do: <code>vendor/modelserve/docs/runbooks/{runbook}.md</code>",
        )


def runbooks_of(findings: MonitoringResult) -> dict[str, str]:
    """Return the runbook for each figure by its name; of two with one name, the breached one's."""
    figures = [
        (each.field, each.verdict, "input-drift" if each.kind == "input" else "prediction-drift")
        for each in findings.shifts
    ]
    figures.append(("degraded_share", Verdict.INFORMATIVE, "model-degraded"))
    if findings.confidence:
        figures.append(("mean_confidence", findings.confidence.verdict, "confidence-dropped"))
    if findings.performance:
        figures += [
            (each.name, each.verdict, "quality-below-floor")
            for each in findings.performance.metrics
        ]
    if findings.fairness:
        figures += [(each.measure, each.verdict, "fairness-gap") for each in findings.fairness.gaps]
    figures.sort(key=lambda figure: figure[1] is Verdict.VIOLATION)
    return {name: runbook for name, _, runbook in figures}


def _unknown(findings: MonitoringResult) -> Iterator[str]:
    """Yield what no figure of the report speaks of, and why."""
    read, own = findings.read, findings.version
    for verdict, why in (
        (Verdict.UNREAD, "not read, because it was redacted or not captured"),
        (Verdict.TOO_FEW, "not judged, because there are too few rows"),
    ):
        names = [text(each.field) for each in findings.shifts if each.verdict is verdict]
        if names:
            yield f"{plural(len(names), 'field')} {why}: {listed(names)}."
    if findings.performance is None:
        yield "How good the answers were: no ground truth was given (<code>--ground-truth</code>)."
    if lines := read.corrupt + read.foreign:
        yield f"{plural(lines, 'line')} could not be read."
    if unstated := read.versions.get(UNSTATED):
        yield f"What {plural(unstated, 'record')} answered: only the inputs were captured."
    others = {name: n for name, n in read.versions.items() if name not in (own, UNSTATED)}
    if others:
        names = [f"{text(name)} ({count(n)})" for name, n in others.items()]
        yield f"{plural(sum(others.values()), 'record')} of other versions: {listed(names)}."

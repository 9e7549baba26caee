"""Which runbook says what to do about which violation, and where the runbooks are."""

import os
from pathlib import Path

from .results.drift import Verdict
from .results.result import MonitoringResult, Violation
from .violations import recall_of

FOLDER = "vendor/modelserve/docs/runbooks"  # from the repository's root


def address(seen_from: Path = Path()) -> str:
    """Return where the runbooks are: on GitHub in a workflow, or else relative to a folder."""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and repository:
        return f"{server}/{repository}/blob/HEAD/{FOLDER}"
    try:
        return Path(os.path.relpath(FOLDER, seen_from)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(FOLDER).resolve().as_uri()


def violations_by_runbook(result: MonitoringResult) -> dict[str, list[Violation]]:
    """Return the violations by the name of the runbook that says what to do."""
    runbooks = runbooks_of(result)
    by_runbook: dict[str, list[Violation]] = {}
    for each in result.violations:
        by_runbook.setdefault(runbooks.get(each.name, "input-drift"), []).append(each)
    return by_runbook


def runbooks_of(result: MonitoringResult) -> dict[str, str]:
    """Return the runbook for each name; of two figures with one name, the violation's."""
    figures = [
        (each.field, each.verdict, "input-drift" if each.kind == "input" else "prediction-drift")
        for each in result.fields
    ]
    figures.append(("degraded_share", Verdict.INFORMATIVE, "model-degraded"))
    if result.confidence:
        figures.append(("mean_confidence", result.confidence.verdict, "confidence-dropped"))
    if result.performance:
        quality = [(each.name, each.verdict) for each in result.performance.metrics]
        quality += [(recall_of(each.label), each.verdict) for each in result.performance.labels]
        figures += [(*each, "quality-below-floor") for each in quality]
    if result.fairness:
        figures += [(each.measure, each.verdict, "fairness-gap") for each in result.fairness.gaps]
    figures.sort(key=lambda figure: figure[1] is Verdict.VIOLATION)
    return {name: runbook for name, _, runbook in figures}

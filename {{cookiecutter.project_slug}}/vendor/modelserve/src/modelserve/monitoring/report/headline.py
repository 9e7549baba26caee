"""The verdict, what to do, and what the report does not cover."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..ingest.bodies import UNSTATED
from ..results.drift import Verdict
from ..results.result import MonitoringResult, Violation
from ..runbooks import violations_by_runbook
from ..uncertain import UncertainFigure, uncertain_figures
from ..violations import recall_of
from .wording import Wording


@dataclass(frozen=True)
class Headline:
    """What the reader needs first.

    Args:
        verdict: of the whole comparison.
        compared: whether any field has enough rows.
        violated: names of fields and metrics, each once.
        by_runbook: the violations by the name of the runbook that says what to do.
        uncertain: the figures that may be chance.
        unread: fields of which no value was read.
        too_few: fields with too few rows.
        bad_lines: lines that could not be read.
        unstated: records whose response was not captured.
        other_versions: records by the version that answered.
        has_gaps: whether anything is not covered.
    """

    verdict: Verdict
    compared: bool
    violated: list[str]
    by_runbook: dict[str, list[Violation]]
    uncertain: list[UncertainFigure]
    unread: list[str]
    too_few: list[str]
    bad_lines: int
    unstated: int
    other_versions: dict[str, int]
    has_gaps: bool


def make_headline(result: MonitoringResult, wording: Wording) -> Headline:
    """Return the verdict, the violations by runbook, and what is not covered."""
    verdict = Verdict.OK if result.compared else Verdict.TOO_FEW
    captures = result.captures
    unread = [each.field for each in result.fields if each.verdict is Verdict.UNREAD]
    too_few = [each.field for each in result.fields if each.verdict is Verdict.TOO_FEW]
    bad_lines = captures.corrupt + captures.foreign
    unstated = captures.versions.get(UNSTATED, 0)
    known = (result.version, UNSTATED)
    name_of = _names(result, wording)
    others = {name: n for name, n in captures.versions.items() if name not in known}
    return Headline(
        verdict=Verdict.VIOLATION if result.violations else verdict,
        compared=result.compared,
        violated=list(dict.fromkeys(name_of(each.name) for each in result.violations)),
        by_runbook={
            runbook: [
                replace(
                    each, name=name_of(each.name), description=wording.message(each.description)
                )
                for each in violations
            ]
            for runbook, violations in violations_by_runbook(result).items()
        },
        uncertain=[
            UncertainFigure(name_of(name), wording.message(description))
            for name, description in uncertain_figures(result)
        ],
        unread=unread,
        too_few=too_few,
        bad_lines=bad_lines,
        unstated=unstated,
        other_versions=others,
        has_gaps=bool(
            unread
            or too_few
            or bad_lines
            or unstated
            or others
            or not (result.performance and result.performance.feedback.counted)
            or not result.fairness
            or (result.task == "classifier" and not result.confidence)
        ),
    )


def _names(result: MonitoringResult, wording: Wording) -> Callable[[str], str]:
    """Return a function from a figure's name to the reader's; fields keep theirs."""
    labels = result.performance.labels if result.performance else ()
    names = {
        recall_of(each.label): wording.text("recall of {label}", label=each.label)
        for each in labels
    }
    names |= {each.field: each.field for each in result.fields}

    def name_of(name: str) -> str:
        words, sentences = name.replace("_", " "), wording.catalogue.sentences
        gap = sentences.get(words.capitalize())  # as the table of gaps has it
        return names.get(name) or sentences.get(words) or (gap.lower() if gap else name)

    return name_of

"""The reader's names for what the library computes of texts and predictions."""

from dataclasses import replace

from ...manifest import Manifest
from ..results.result import MonitoringResult
from .wording import Wording

COMPUTED = (
    *("characters", "tokens", "unknown_share", "distinct_share"),
    *("label", "confidence", "value"),
)


def translate_names(
    result: MonitoringResult, manifest: Manifest, wording: Wording
) -> MonitoringResult:
    """Return the result with the names of computed fields translated; columns keep theirs.

    Args:
        result: the comparison.
        manifest: with the names of the columns.
        wording: the report's language.
    """
    columns = {each.name for each in manifest.features}
    captures = result.captures

    def name_of(name: str, *, output: bool) -> str:
        if name not in COMPUTED or (name in columns and not output):
            return name
        return wording.catalogue.sentences.get(name.replace("_", " "), name)

    return replace(
        result,
        fields=tuple(
            replace(each, field=name_of(each.field, output=each.kind == "output"))
            for each in result.fields
        ),
        violations=tuple(
            replace(each, name=name_of(each.name, output=each.runbook == "prediction-drift"))
            for each in result.violations
        ),
        timeline=tuple(
            replace(each, name=name_of(each.name, output=each.kind == "output"))
            for each in result.timeline
        ),
        captures=replace(
            captures,
            unread={name_of(name, output=False): n for name, n in captures.unread.items()},
        ),
    )

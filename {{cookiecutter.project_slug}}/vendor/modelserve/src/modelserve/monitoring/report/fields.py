"""Every monitored field beside training: its row in the overview, its plot and its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...manifest import Feature, Manifest
from ..results.drift import FieldDrift, Verdict
from ..results.result import MonitoringResult
from .bars import Bar, bars_of, is_number
from .drawing import Plot
from .plots import histogram, ranking, sparkline
from .wording import Wording, clip

FEW = 6  # fields of one kind that are all open from the start
ORDER = (Verdict.VIOLATION, Verdict.UNREAD, Verdict.TOO_FEW, Verdict.OK, Verdict.INFORMATIVE)


@dataclass(frozen=True)
class FieldView:
    """One field as the report shows it; without rows, only its name and verdict.

    Args:
        drift: the comparison.
        anchor: the id of its figure.
        numeric: whether it holds numbers.
        bars: its bins.
        sparkline: in the overview.
        plot: in its figure.
        facts: names and values.
        opened: whether its figure is open from the start.
    """

    drift: FieldDrift
    anchor: str
    numeric: bool
    bars: Sequence[Bar]
    sparkline: Plot
    plot: Plot
    facts: Sequence[tuple[str, str]]
    opened: bool


def make_fields(result: MonitoringResult, manifest: Manifest, wording: Wording) -> list[FieldView]:
    """Return all fields, violations first."""
    features = {each.name: each for each in manifest.features}
    views = []
    for drift in ranked(result.fields):
        alike = [each for each in result.fields if each.kind == drift.kind and each.rows]
        bars = bars_of(drift, wording)
        title = describe(drift, bars, wording)
        numeric = is_number(drift)
        unread = result.captures.unread.get(drift.field, 0)
        feature = features.get(drift.field) if drift.kind == "input" else None
        views.append(
            FieldView(
                drift=drift,
                anchor=f"field-{result.fields.index(drift)}",
                numeric=numeric,
                bars=bars,
                sparkline=sparkline(bars, title),
                plot=(histogram if numeric else ranking)(bars, title, wording),
                facts=list(_facts(drift, feature, unread, wording)),
                opened=len(alike) <= FEW or drift.verdict is Verdict.VIOLATION,
            )
        )
    return views


def ranked(fields: Sequence[FieldDrift]) -> list[FieldDrift]:
    """Return the fields by verdict, violations first, and by falling PSI."""
    return sorted(fields, key=lambda each: (ORDER.index(each.verdict), -each.psi))


def describe(drift: FieldDrift, bars: Sequence[Bar], wording: Wording) -> str:
    """Return a plot in words: the bins whose share has grown and shrunk the most."""
    grown = max(bars, key=lambda each: each.change)
    shrunk = min(bars, key=lambda each: each.change)
    changes = "; ".join(
        wording.text(
            "{bin}: {training} in training, {production} in production",
            bin=clip(each.name, 40),
            training=wording.percent(each.reference_share),
            production=wording.percent(each.observed_share),
        )
        for each in (grown, shrunk)
    )
    return f"{clip(drift.field, 60)}: {changes}"


def _facts(
    drift: FieldDrift, feature: Feature | None, unread: int, wording: Wording
) -> Iterator[tuple[str, str]]:
    text, number, decimals = wording.text, wording.number, wording.decimals
    yield text("Critical PSI"), decimals(drift.psi_critical)
    yield text("Adjusted p"), wording.p_value(drift.adjusted_p)
    yield text("Jensen-Shannon"), decimals(drift.jensen_shannon)
    if drift.ks is not None:
        yield text("KS"), decimals(drift.ks)
        yield text("p of KS"), wording.p_value(drift.ks_p)
    if numbers := drift.numbers:
        yield text("Mean"), f"{number(numbers.mean)} ± {number(numbers.deviation)}"
        yield text("Range"), wording.span(number(numbers.minimum), number(numbers.maximum))
        if feature is not None and feature.minimum is not None:
            seen = wording.span(number(feature.minimum), number(feature.maximum))
            yield text("Range in training"), seen
    if unread:
        yield text("Not read"), wording.plural(unread, "row")

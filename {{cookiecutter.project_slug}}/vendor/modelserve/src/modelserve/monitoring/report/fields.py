"""Every watched field beside training: a table of all of them, and a picture of each."""

from collections.abc import Iterator, Mapping, Sequence

from ...artifact import Feature, Manifest
from ..findings import FieldDrift, Kind, MonitoringResult, Verdict
from .bars import Bar, bars_of, is_number
from .markup import chip, facts, folded, paragraph, section, table, text
from .plots import histogram, ranking, spark
from .wording import (
    MINUS,
    UNKNOWN,
    chance,
    clip,
    count,
    decimals,
    listed,
    number,
    percent,
    plural,
)

FEW = 6  # fields whose pictures are all open from the start
ORDER = (Verdict.VIOLATION, Verdict.UNREAD, Verdict.TOO_FEW, Verdict.OK, Verdict.INFORMATIVE)
HEAD = ("Field", "Verdict", "PSI", "Critical", "Rows by bin", "Missing", "Unseen", "Beyond range")
LEGEND = paragraph(
    '<span class="key o"></span> production, <span class="key r"></span> training:',
    "the share of the rows in each bin.",
    kind="legend",
)


def overview(findings: MonitoringResult) -> str:
    """Return the table of all fields, the breached ones first."""
    shifts = findings.shifts
    rows = [_row(each, shifts.index(each)) for each in ranked(shifts)]
    return section(
        "fields",
        plural(len(shifts), "watched field"),
        LEGEND,
        table("All watched fields", HEAD, rows, words=(1, 4)),
    )


def ranked(shifts: Sequence[FieldDrift]) -> list[FieldDrift]:
    """Return the fields in the order in which someone should look at them."""
    return sorted(shifts, key=lambda each: (ORDER.index(each.verdict), -each.psi))


def _row(shift: FieldDrift, place: int) -> list[str]:
    kind = " <small>answered</small>" if shift.kind == "output" else ""
    if not shift.rows:
        return [text(shift.field) + kind, chip(shift.verdict), *[UNKNOWN] * 6]
    name = f'<a href="#field-{place}">{text(shift.field)}</a>{kind}'
    bars = bars_of(shift)
    return [
        name,
        chip(shift.verdict),
        decimals(shift.psi),
        decimals(shift.psi_critical),
        spark(bars, in_words(shift, bars)),
        percent(shift.missing_share),
        percent(shift.unseen_share),
        count(shift.out_of_range) if is_number(shift) else UNKNOWN,
    ]


def in_words(shift: FieldDrift, bars: Sequence[Bar]) -> str:
    """Return what a picture shows: where the field has grown and shrunk the most."""
    grown = max(bars, key=lambda each: each.change)
    shrunk = min(bars, key=lambda each: each.change)
    told = "; ".join(
        f"{clip(each.name, 40)}: {percent(each.reference_share)} in training, "
        f"{percent(each.observed_share)} in production"
        for each in (grown, shrunk)
    )
    return f"{clip(shift.field, 60)}: {told}"


def pictures(findings: MonitoringResult, kind: Kind, manifest: Manifest) -> str:
    """Return the fields that go into the model, or come out of it, each with its picture."""
    features = {each.name: each for each in manifest.features if kind == "input"}
    of_kind = [each for each in ranked(findings.shifts) if each.kind == kind]
    chosen = [each for each in of_kind if each.rows]
    drawn = ""
    for each in chosen:
        told = facts(_facts(each, features.get(each.field), findings.read.unread))
        opened = len(chosen) <= FEW or each.verdict is Verdict.VIOLATION
        drawn += _figure(each, findings.shifts.index(each), told, opened=opened)
    said = f'{LEGEND}<div class="figures">\n{drawn}</div>\n' if chosen else ""
    if empty := [text(each.field) for each in of_kind if not each.rows]:
        said += paragraph(f"No value was read of {listed(empty, most=50)}.", kind="none")
    return said or paragraph("None is watched.", kind="none")


def _figure(shift: FieldDrift, place: int, told: str, *, opened: bool) -> str:
    bars = bars_of(shift)
    draw = histogram if is_number(shift) else ranking
    rows = [
        (
            text(each.name),
            percent(each.observed_share),
            count(each.observed),
            percent(each.reference_share),
            count(each.reference),
            f"{100 * each.change:+.1f}".replace("-", MINUS),
        )
        for each in bars
    ]
    head = ("Bin", "Production", "Rows", "Training", "Rows", "Change")
    shares = table(f"Shares and counts of {clip(shift.field, 40)}", head, rows)
    return (
        f'<details class="figure"{" open" if opened else ""}><summary><h3>{text(shift.field)}</h3>'
        f" <span>PSI {decimals(shift.psi)} {chip(shift.verdict)}</span></summary>\n"
        f'<div id="field-{place}">\n{draw(bars, in_words(shift, bars))}'
        f"{told}{folded('Shares and counts', shares)}</div></details>\n"
    )


def _facts(
    shift: FieldDrift, feature: Feature | None, unread: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Yield what the statistics say, and where the values lie."""
    yield "Critical PSI", decimals(shift.psi_critical)
    yield "Adjusted p", chance(shift.adjusted_p)
    yield "Jensen-Shannon", decimals(shift.jensen_shannon)
    if shift.ks is not None:
        yield "KS", decimals(shift.ks)
        yield "p of KS", chance(shift.ks_p)
    if numbers := shift.numbers:
        yield "Mean", f"{number(numbers.mean)} ± {number(numbers.deviation)}"
        yield "Range", f"{number(numbers.minimum)} to {number(numbers.maximum)}"
        if feature is not None and feature.minimum is not None:
            yield "Range in training", f"{number(feature.minimum)} to {number(feature.maximum)}"
    if rows := unread.get(shift.field):
        yield "Not read", plural(rows, "row")

"""Judges each field's distribution beside the reference's."""

from collections.abc import Mapping
from dataclasses import replace

from ..bins import Bins, Shape
from .chance import chi_square_p, critical_index, holm
from .config import Drift
from .findings import Kind, Numbers, Shift, Verdict
from .moments import Moments
from .statistics import (
    jensen_shannon_distance,
    kolmogorov_smirnov,
    population_stability_index,
)
from .tally import FieldTally


def compare(
    kind: Kind,
    reference: Mapping[str, Shape],
    observed: Mapping[str, FieldTally],
    config: Drift,
) -> tuple[Shift, ...]:
    """Return all fields of a kind, judged.

    Of many fields, one always looks unusual. So what the PSI must exceed is computed for all of
    them together (Bonferroni), and so are the chi-square test's p-values (Holm).

    Args:
        kind: of all fields.
        reference: the shapes of training, by field.
        observed: what was counted, by field, over the same bins.
        config: the bounds.
    """
    shifts = [
        _compare(kind, name, shape, observed[name], config, fields=len(reference))
        for name, shape in reference.items()
    ]
    adjusted = holm([each.p for each in shifts])
    return tuple(replace(each, adjusted_p=p) for each, p in zip(shifts, adjusted, strict=True))


def _compare(
    kind: Kind, field: str, shape: Shape, tally: FieldTally, config: Drift, *, fields: int
) -> Shift:
    bins = Bins(shape)
    before, now = bins.reference, tally.counts
    rows = int(now.sum())
    critical = critical_index(before, now, significance=config.significance, fields=fields)
    p = chi_square_p(before, now)
    psi = population_stability_index(before, now) if rows else 0.0
    # The last bin is for what is missing, which lies neither below nor above anything.
    ks, ks_p = kolmogorov_smirnov(before[:-1], now[:-1]) if "edges" in shape else (None, None)
    if not rows:
        verdict = Verdict.UNREAD if tally.unread else Verdict.TOO_FEW
    elif rows < config.minimum_rows:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.BREACHED if psi > max(config.psi, critical) else Verdict.CALM
    return Shift(
        kind=kind,
        field=field,
        bins=bins.names,
        edges=tuple(shape.get("edges", ())),
        reference=tuple(before.tolist()),
        observed=tuple(now.tolist()),
        psi=psi,
        psi_critical=critical,
        p=p,
        adjusted_p=p,
        ks=ks,
        ks_p=ks_p,
        jensen_shannon=jensen_shannon_distance(before, now),
        out_of_range=tally.out_of_range,
        numbers=_numbers(tally.moments),
        verdict=verdict,
    )


def _numbers(found: Moments) -> Numbers | None:
    if not found.count:
        return None
    return Numbers(found.count, found.mean, found.deviation, found.minimum, found.maximum)

"""Compares each field's distribution with the reference's."""

from collections.abc import Mapping
from dataclasses import replace

from ..bins import Bins, Shape, population_stability_index
from .chance import chi_square_p, critical_index, holm
from .config import DriftBounds
from .counts import FieldCounts, Moments
from .results.drift import FieldDrift, Kind, NumericSummary, Verdict
from .statistics import (
    jensen_shannon_distance,
    kolmogorov_smirnov,
)


def compare_fields(
    kind: Kind,
    reference: Mapping[str, Shape],
    observed: Mapping[str, FieldCounts],
    bounds: DriftBounds,
) -> tuple[FieldDrift, ...]:
    """Return the drift of all fields of a kind.

    The more fields, the likelier one of them moves by chance. So the critical PSI is corrected
    for their number (Bonferroni), and so are the chi-square test's p-values (Holm).

    Args:
        kind: of all fields.
        reference: the shapes of training, by field.
        observed: counts by field, over the same bins.
        bounds: the thresholds.
    """
    drift = [
        _compare(kind, name, shape, observed[name], bounds, fields=len(reference))
        for name, shape in reference.items()
    ]
    adjusted = holm([each.p for each in drift])
    return tuple(replace(each, adjusted_p=p) for each, p in zip(drift, adjusted, strict=True))


def _compare(
    kind: Kind, field: str, shape: Shape, counts: FieldCounts, bounds: DriftBounds, *, fields: int
) -> FieldDrift:
    bins = Bins(shape)
    reference, observed = bins.reference, counts.counts
    rows = int(observed.sum())
    critical = critical_index(reference, observed, significance=bounds.significance, fields=fields)
    p = chi_square_p(reference, observed)
    psi = population_stability_index(reference, observed) if rows else 0.0
    ks = ks_p = None
    if "edges" in shape:  # the last bin counts missing values, which have no order
        ks, ks_p = kolmogorov_smirnov(reference[:-1], observed[:-1])
    if not rows:
        verdict = Verdict.UNREAD if counts.unread else Verdict.TOO_FEW
    elif rows < bounds.minimum_rows:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.VIOLATION if psi > max(bounds.psi, critical) else Verdict.OK
    return FieldDrift(
        kind=kind,
        field=field,
        bins=bins.names,
        edges=tuple(shape.get("edges", ())),
        reference=tuple(reference.tolist()),
        observed=tuple(observed.tolist()),
        psi=psi,
        psi_critical=critical,
        p=p,
        adjusted_p=p,
        ks=ks,
        ks_p=ks_p,
        jensen_shannon=jensen_shannon_distance(reference, observed),
        out_of_range=counts.out_of_range,
        numbers=_numbers(counts.moments),
        verdict=verdict,
        bound=bounds.psi,
    )


def _numbers(moments: Moments) -> NumericSummary | None:
    if not moments.count:
        return None
    return NumericSummary(
        moments.count, moments.mean, moments.deviation, moments.minimum, moments.maximum
    )

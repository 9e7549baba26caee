"""A field's bins with readable names, and few enough to be drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...bins import MISSING, UNSEEN
from ..results.drift import FieldDrift, share
from .wording import Wording

MOST = 20  # bars of one field
APART = (UNSEEN, MISSING)


@dataclass(frozen=True)
class Bar:
    """One bin, or several that are drawn as one.

    Args:
        name: of a category as it is; of numbers "4.8 to 5".
        reference: training rows.
        observed: production rows.
        reference_share: of all rows of training.
        observed_share: of all rows of production.
        upper: the largest number in it; None for the open bin and for categories.
        apart: whether it counts missing or unseen values.
    """

    name: str
    reference: int
    observed: int
    reference_share: float
    observed_share: float
    upper: float | None = None
    apart: bool = False

    @property
    def change(self) -> float:
        """Return the difference of the shares: production's minus training's."""
        return self.observed_share - self.reference_share


def is_number(drift: FieldDrift) -> bool:
    """Return whether the field holds numbers; only categories have a bin for unseen ones."""
    return UNSEEN not in drift.bins


def bars_of(drift: FieldDrift, wording: Wording) -> tuple[Bar, ...]:
    """Return a field's bars in the order of its bins.

    Of more than `MOST` bins, neighbouring numbers share a bar, and so do the categories with the
    smallest shares. Missing and unseen values have a bar only if there are any.
    """
    groups = list((_numbers if is_number(drift) else _categories)(drift, wording))
    for i, name in enumerate(drift.bins):
        if name in APART and drift.reference[i] + drift.observed[i]:
            groups.append((wording.text(name), [i], None))
    totals = sum(drift.reference), sum(drift.observed)
    bars = []
    for name, places, upper in groups:
        reference = sum(drift.reference[i] for i in places)
        observed = sum(drift.observed[i] for i in places)
        shares = share(reference, totals[0]), share(observed, totals[1])
        apart = drift.bins[places[0]] in APART
        bars.append(Bar(name, reference, observed, *shares, upper, apart))
    return tuple(bars)


Group = tuple[str, list[int], float | None]


def _numbers(drift: FieldDrift, wording: Wording) -> Iterator[Group]:
    """Yield the name, the bins and the upper bound of each bar of numbers."""
    bounds = [None, *drift.edges, None]
    n_bins = len(drift.edges) + 1
    width = -(-n_bins // MOST)
    for first in range(0, n_bins, width):
        after = min(first + width, n_bins)
        lower, upper = bounds[first], bounds[after]
        low, high = (wording.number(bound, digits=6) for bound in (lower, upper))
        if lower is None:
            any_number = wording.text("any number")
            name = any_number if upper is None else f"{wording.text('up to')} {high}"
        else:
            over = f"{wording.text('over')} {low}"
            name = over if upper is None else wording.span(low, high)
        yield name, list(range(first, after)), upper


def _categories(drift: FieldDrift, wording: Wording) -> Iterator[Group]:
    places = [i for i, name in enumerate(drift.bins) if name not in APART]
    rest: list[int] = []
    if len(places) > MOST:
        totals = sum(drift.reference) or 1, sum(drift.observed) or 1
        places.sort(
            key=lambda i: max(drift.reference[i] / totals[0], drift.observed[i] / totals[1]),
            reverse=True,
        )
        places, rest = sorted(places[: MOST - 1]), sorted(places[MOST - 1 :])
    for i in places:
        yield drift.bins[i], [i], None
    if rest:
        count = wording.thousands(len(rest))
        yield wording.text("{count} other categories", count=count), rest, None

"""A field's bins as a person reads them: named in words, and few enough to be drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...bins import MISSING, UNSEEN
from ..findings import FieldDrift, share
from .wording import number

MOST = 20  # bars that are still told apart
APART = (UNSEEN, MISSING)


@dataclass(frozen=True)
class Bar:
    """One bin, or several that are drawn as one.

    Args:
        name: of a category as it is; of numbers "4.8 to 5".
        reference: rows of training.
        observed: rows of production.
        reference_share: of all rows of training.
        observed_share: of all rows of production.
        upper: the largest number that falls into it; None for the open one and for categories.
        apart: it stands for no value, but for missing or unseen ones.
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
        """By how much its share has grown; it is negative for one that has shrunk."""
        return self.observed_share - self.reference_share


def is_number(shift: FieldDrift) -> bool:
    """Return whether the field holds numbers: only a category can be an unseen one."""
    return UNSEEN not in shift.bins


def bars_of(shift: FieldDrift) -> tuple[Bar, ...]:
    """Return a field's bars in the order of its bins.

    Of very many, numbers that stand side by side are drawn as one, and so are all categories but
    those with the largest shares. Missing and unseen ones are drawn only where there are any.
    """
    groups = list(_numbers(shift) if is_number(shift) else _categories(shift))
    for i, name in enumerate(shift.bins):
        if name in APART and shift.reference[i] + shift.observed[i]:
            groups.append((name, [i], None))
    totals = sum(shift.reference), sum(shift.observed)
    bars = []
    for name, places, upper in groups:
        reference = sum(shift.reference[i] for i in places)
        observed = sum(shift.observed[i] for i in places)
        shares = share(reference, totals[0]), share(observed, totals[1])
        apart = shift.bins[places[0]] in APART
        bars.append(Bar(name, reference, observed, *shares, upper, apart))
    return tuple(bars)


Group = tuple[str, list[int], float | None]


def _numbers(shift: FieldDrift) -> Iterator[Group]:
    """Yield the name, the bins and the upper bound of each bar of numbers."""
    bounds = [None, *shift.edges, None]
    n_bins = len(shift.edges) + 1
    width = -(-n_bins // MOST)
    for first in range(0, n_bins, width):
        after = min(first + width, n_bins)
        lower, upper = bounds[first], bounds[after]
        least, most = number(lower, digits=6), number(upper, digits=6)
        if lower is None:
            name = "any number" if upper is None else f"up to {most}"
        else:
            name = f"over {least}" if upper is None else f"{least} to {most}"
        yield name, list(range(first, after)), upper


def _categories(shift: FieldDrift) -> Iterator[Group]:
    places = [i for i, name in enumerate(shift.bins) if name not in APART]
    rest: list[int] = []
    if len(places) > MOST:
        totals = sum(shift.reference) or 1, sum(shift.observed) or 1
        places.sort(
            key=lambda i: max(shift.reference[i] / totals[0], shift.observed[i] / totals[1]),
            reverse=True,
        )
        places, rest = sorted(places[: MOST - 1]), sorted(places[MOST - 1 :])
    for i in places:
        yield shift.bins[i], [i], None
    if rest:
        yield f"{len(rest):,} other categories", rest, None

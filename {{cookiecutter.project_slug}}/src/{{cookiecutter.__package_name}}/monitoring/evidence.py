"""What was looked for in production, and what was counted there."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..bins import Shape
from .ground_truth import Truths
from .hours import Listing, Span
from .tally import Tally

References = Mapping[str, Mapping[str, Shape]]


@dataclass(frozen=True)
class Evidence:
    """What was looked for, and what was counted; `truths` is None where none were given."""

    span: Span
    listing: Listing
    truths: Truths | None
    tally: Tally

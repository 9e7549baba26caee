"""One row's explanation, and its form in JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Explanation(NamedTuple):
    """What each field, or each word, adds to `base`; all of it sums to the answer.

    `of` is the label whose probability is explained, or "value". `in_order` keeps the contributions
    as a list, whose names may repeat.
    """

    of: str
    base: float
    contributions: Sequence[tuple[str, float]]
    in_order: bool = False

    def content(self) -> dict[str, Any]:
        """Return the explanation as a response has it, with 7 significant digits."""
        rounded = [(name, round_to_7(value)) for name, value in self.contributions]
        return {
            "of": self.of,
            "base": round_to_7(self.base),
            "contributions": rounded if self.in_order else dict(rounded),
        }


def round_to_7(value: float) -> float:
    """Return a number with as many digits as a float32 has."""
    return float(f"{value:.7g}") + 0.0  # no -0.0


def splice(answers: Sequence[str], explanations: Sequence[str]) -> list[str]:
    """Return answers, each a JSON object, with their explanations as a further field."""
    return [
        f'{answer[:-1]}{"," if len(answer) > 2 else ""}"explanation":{explanation}}}'
        for answer, explanation in zip(answers, explanations, strict=True)
    ]

"""Whether a model answers a row among others as it does alone."""

import logging
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...answers import rounding
from ...artifact import GOLDEN, Artifact
from ...types import Model, Rows
from ..inputs import Inputs

# Of a probability, or of the range of a regressor's values. Dynamic integers of 8 bits differ by
# more, floats of 16 bits by less.
LIMIT = 0.005
LEAST = 2  # rows that are compared, however long a call takes

log = logging.getLogger(__name__)


def depends_on_others(
    model: Model, inputs: Inputs, artifact: Artifact, *, rows: int, limit_s: float
) -> bool:
    """Return whether a row's outputs depend on the other rows of its call.

    They do if a graph quantises by the largest value of a call, or normalises over its rows: other
    clients' requests would change an answer. That is not known without golden cases, nor of a model
    that fails on one.

    Args:
        model: is called with golden cases together, and with one after the other.
        inputs: encode them.
        artifact: has them.
        rows: that are compared at most.
        limit_s: after which no further row is compared.
    """
    cases = artifact.read_json(GOLDEN) if GOLDEN in artifact.manifest.files else []
    if min(rows, len(cases)) < LEAST:
        return False
    given = _different(cases, rows)
    alone: list[NDArray[Any]] = []
    try:
        among = np.nan_to_num(model.run(inputs.gather(given).tensors))
        until = perf_counter() + limit_s
        while len(alone) < LEAST or (len(alone) < len(given) and perf_counter() < until):
            alone.append(model.run(inputs.gather([given[len(alone)]]).tensors)[0])
        answers = np.nan_to_num(alone)
        difference = float(np.abs(among[: len(answers)] - answers).max())
    except Exception:  # pylint: disable=broad-exception-caught
        return False
    size = 1.0 if artifact.manifest.labels else float(np.ptp(answers))
    if difference <= max(LIMIT * size, rounding(answers)):
        return False
    log.warning(
        "requests are not joined: an answer would depend on the others",
        extra={"difference": round(difference, 6), "rows": len(answers)},
    )
    return True


def _different(cases: Sequence[Mapping[str, Any]], most: int) -> Rows:
    """Return the inputs of cases whose outputs lie apart."""
    by_output = sorted(cases, key=lambda case: case["output"])
    places = np.linspace(0, len(cases) - 1, min(most, len(cases))).astype(int)
    return [by_output[place]["input"] for place in places]

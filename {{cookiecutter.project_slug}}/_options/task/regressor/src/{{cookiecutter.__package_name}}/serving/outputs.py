"""A regressor's answers: a value, and where it can be told, between what the truth will lie."""

from math import inf
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..artifact import Interval, Manifest
from .arrays import Prediction, Tensor
from .schemas import typed_dict


class Outputs:
    """The value, and the interval around it.

    Args:
        manifest: says how wide the interval is, and what no value can go beyond.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Note how far the interval reaches on either side of a value."""
        self.labels = ()
        kept = manifest.guarantees
        self._interval = kept.interval
        self._low = -inf if kept.minimum is None else kept.minimum
        self._high = inf if kept.maximum is None else kept.maximum
        fields: dict[str, Any] = {"value": float}
        if self._interval:
            share = f"{100 * self._interval.coverage:g} % of true values"
            fields["lower"] = Annotated[float, Field(description=f"{share} lie from here")]
            fields["upper"] = Annotated[float, Field(description="to here.")]
        self.prediction: Any = typed_dict("Prediction", fields)
        self.tensors = tuple(Tensor(name, "FP32", (-1,)) for name in fields)
        self._row = ",".join(f'"{name}":%.7g' for name in fields)

    def rows(self, prediction: Prediction) -> list[str]:
        """Return each row's prediction as a JSON object; outputs are of shape (rows, 1)."""
        values = prediction.outputs.ravel().tolist()
        if not self._interval:
            return [f"{{{self._row % value}}}" for value in values]
        reach = _reach(self._interval, prediction)
        low, high = self._low, self._high
        return [
            f"{{{self._row % (value, max(value - reach, low), min(value + reach, high))}}}"
            for value in values
        ]

    def arrays(self, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the value and the ends of its interval, each of shape (rows,)."""
        values = prediction.outputs[:, 0]
        if not self._interval:
            return {"value": values}
        reach = np.float32(_reach(self._interval, prediction))
        return {
            "value": values,
            "lower": np.maximum(values - reach, np.float32(self._low)),
            "upper": np.minimum(values + reach, np.float32(self._high)),
        }


def _reach(interval: Interval, prediction: Prediction) -> float:
    """Return how far the truth lies from an answer: farther, where the prior answered."""
    return interval.prior_half_width if prediction.degraded else interval.half_width

"""How outputs become an answer: a label with probabilities, or a value with its interval."""

from math import inf
from typing import Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic_core import to_json

from ..answers import decision_of, label_codes
from ..manifest import Interval, Manifest
from ..types import Prediction, Tensor
from .schemas import explanation_type, typed_dict


class OutputEncoder(Protocol):
    """Encodes a model's outputs, for JSON and as tensors.

    `labels` are a classifier's; `prediction` is the type of one row's answer; `tensors` are the
    signatures of the arrays.
    """

    labels: tuple[str, ...]
    prediction: Any
    tensors: tuple[Tensor, ...]

    def rows(self, prediction: Prediction) -> list[str]:
        """Return each row's answer as a JSON object."""

    def arrays(self, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the answer as one array a tensor."""


def make_output_encoder(manifest: Manifest) -> OutputEncoder:
    """Return the encoder of the manifest's task."""
    return LabelEncoder(manifest) if manifest.labels else ValueEncoder(manifest)


class LabelEncoder:
    """The labels, in the order of the model's outputs.

    Args:
        manifest: lists the labels.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Prepare one row's text, so that an answer is a matter of filling in numbers."""
        self.labels = manifest.labels
        share = Annotated[float, Field(ge=0, le=1)]
        self.prediction: Any = typed_dict(
            "Prediction",
            {
                "label": Annotated[str, Field(json_schema_extra={"enum": list(self.labels)})],
                "probabilities": typed_dict("Probabilities", dict.fromkeys(self.labels, share)),
                "explanation": explanation_type(of_text=manifest.modality == "text"),
            },
        )
        quoted = [to_json(label).decode().replace("%", "%%") for label in self.labels]
        self._decision = decision_of(manifest)
        shares = ",".join(f"{label}:%.6f" for label in quoted)
        self._rows = [f'{{"label":{label},"probabilities":{{{shares}}}}}' for label in quoted]
        self.tensors: tuple[Tensor, ...] = (
            Tensor("label", "BYTES", (-1,)),
            Tensor("probabilities", "FP32", (-1, len(self.labels))),
        )

    def rows(self, prediction: Prediction) -> list[str]:
        """Return each row's prediction as a JSON object; outputs are of shape (rows, n_labels)."""
        rows = self._rows
        if self._decision:
            outputs = prediction.outputs
            codes = label_codes(outputs, self._decision).tolist()
            return [
                rows[code] % tuple(row) for code, row in zip(codes, outputs.tolist(), strict=True)
            ]
        return [rows[row.index(max(row))] % tuple(row) for row in prediction.outputs.tolist()]

    def arrays(self, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the labels of shape (rows,) and the probabilities of shape (rows, n_labels)."""
        codes = label_codes(prediction.outputs, self._decision)
        labels = np.asarray(self.labels, dtype=object)[codes]
        return {"label": labels, "probabilities": prediction.outputs}


class ValueEncoder:
    """The value, and the interval around it.

    Args:
        manifest: says how wide the interval is, and what no value can go beyond.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Note how far the interval reaches on either side of a value."""
        self.labels: tuple[str, ...] = ()
        bounds = manifest.output_bounds
        self._interval = bounds.interval
        self._low = -inf if bounds.minimum is None else bounds.minimum
        self._high = inf if bounds.maximum is None else bounds.maximum
        fields: dict[str, Any] = {"value": float}
        if self._interval:
            share = f"{100 * self._interval.coverage:g} % of true values"
            fields["lower"] = Annotated[float, Field(description=f"{share} lie from here")]
            fields["upper"] = Annotated[float, Field(description="to here.")]
        explanation = explanation_type(of_text=manifest.modality == "text")
        self.prediction: Any = typed_dict("Prediction", fields | {"explanation": explanation})
        self.tensors = tuple(Tensor(name, "FP32", (-1,)) for name in fields)
        self._row = ",".join(f'"{name}":%.7g' for name in fields)

    def rows(self, prediction: Prediction) -> list[str]:
        """Return each row's prediction as a JSON object; outputs are of shape (rows, 1)."""
        values = prediction.outputs.ravel().tolist()
        if not self._interval:
            return [f"{{{self._row % value}}}" for value in values]
        write = self._with_interval
        if not prediction.degraded:
            reach = self._interval.half_width
            return [write(value, reach) for value in values]
        reaches = _reach(self._interval, prediction).tolist()
        return [write(value, reach) for value, reach in zip(values, reaches, strict=True)]

    def arrays(self, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the value and the ends of its interval, each of shape (rows,)."""
        values = prediction.outputs[:, 0]
        if not self._interval:
            return {"value": values}
        reach = _reach(self._interval, prediction)
        return {
            "value": values,
            "lower": np.maximum(values - reach, np.float32(self._low)),
            "upper": np.minimum(values + reach, np.float32(self._high)),
        }

    def _with_interval(self, value: float, reach: float) -> str:
        low, high = max(value - reach, self._low), min(value + reach, self._high)
        return f"{{{self._row % (value, low, high)}}}"


def _reach(interval: Interval, prediction: Prediction) -> NDArray[np.float32]:
    """Return how far the truth lies from each answer: farther, where the fallback answered."""
    widths = (interval.fallback_half_width, interval.half_width)
    return np.where(prediction.by_fallback, *widths).astype(np.float32)

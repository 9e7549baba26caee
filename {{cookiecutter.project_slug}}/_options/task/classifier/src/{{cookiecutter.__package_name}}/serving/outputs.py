"""A classifier's answers: one probability a label, and the likeliest label's name."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic_core import to_json

from ..artifact import Manifest
from .arrays import Prediction, Tensor
from .schemas import typed_dict


class Outputs:
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
            },
        )
        quoted = [to_json(label).decode().replace("%", "%%") for label in self.labels]
        shares = ",".join(f"{label}:%.6f" for label in quoted)
        self._rows = [f'{{"label":{label},"probabilities":{{{shares}}}}}' for label in quoted]
        self.tensors = (
            Tensor("label", "BYTES", (-1,)),
            Tensor("probabilities", "FP32", (-1, len(self.labels))),
        )

    def rows(self, prediction: Prediction) -> list[str]:
        """Return each row's prediction as a JSON object; outputs are of shape (rows, n_labels)."""
        rows = self._rows
        return [rows[row.index(max(row))] % tuple(row) for row in prediction.outputs.tolist()]

    def arrays(self, prediction: Prediction) -> dict[str, NDArray[Any]]:
        """Return the labels of shape (rows,) and the probabilities of shape (rows, n_labels)."""
        labels = np.asarray(self.labels, dtype=object)[prediction.outputs.argmax(axis=1)]
        return {"label": labels, "probabilities": prediction.outputs}

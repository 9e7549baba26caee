"""Compare the ONNX graph's outputs with those of the model that it was exported from."""

from collections.abc import Mapping

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..artifact import MODEL, Content
from ..errors import ParityError
from .dataset import Dataset
from .exported_model import Native
from .sections import Parity
from .splits import SplitOutputs, Splits


def run_graph(files: Mapping[str, Content], dataset: Dataset) -> NDArray[np.float32]:
    """Return the graph's outputs for every row, of shape (rows, n_outputs)."""
    if len(dataset) == 0:
        return np.empty((0, 0), dtype=np.float32)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(files[MODEL], options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, each)[0] for each in dataset.batches(files)])


def check(
    native: Native | None, splits: Splits, outputs: SplitOutputs, section: Parity
) -> float | None:
    """Return the largest difference between native and ONNX outputs; None without a native model.

    Args:
        native: the model before its export.
        splits: the rows.
        outputs: of the ONNX graph.
        section: the tolerance.

    Raises:
        ParityError: the difference exceeds the tolerance.
    """
    if native is None:
        return None
    expected = [native(part) for part in (splits.training, splits.test)]
    exported = np.concatenate([outputs.training, outputs.test])
    return compare(np.concatenate(expected), exported, tolerance=section.tolerance)


def compare(
    native: NDArray[np.float32], exported: NDArray[np.float32], *, tolerance: float
) -> float:
    """Return the largest absolute difference between outputs of shape (rows, n_outputs).

    Raises:
        ParityError: the shapes differ, an output is not finite, or the difference exceeds
            `tolerance`.
    """
    if native.shape != exported.shape:
        raise ParityError(
            f"The model's outputs have shape {native.shape}, the ONNX graph's {exported.shape}."
        )
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, which is no parity
        differences = np.abs(native - exported)
    difference = float(differences.max(initial=0))
    if not difference <= tolerance:
        row = int(np.argmax(differences.max(axis=1)))
        raise ParityError(
            f"The ONNX graph differs from the model by {difference:.3g} (row {row}); "
            f"{tolerance:g} are allowed. Look for a step that ONNX computes differently, "
            "or raise [parity] tolerance in config/training.toml."
        )
    return difference

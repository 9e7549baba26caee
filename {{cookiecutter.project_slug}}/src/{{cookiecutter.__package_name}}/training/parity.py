"""Whether the ONNX graph answers as the model that it was made from."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import ParityError


def run_graph(graph: bytes, X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the graph's answers of shape (rows, n_outputs)."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    answers: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: X})[0]
    return answers


def compare(
    native: NDArray[np.float32], exported: NDArray[np.float32], *, tolerance: float
) -> float:
    """Return the largest absolute difference between two answers of one shape.

    Raises:
        ParityError: the shapes differ, an answer is not finite, or the difference is larger
            than `tolerance`.
    """
    if native.shape != exported.shape:
        raise ParityError(f"The model answers {native.shape}, its graph {exported.shape}.")
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number, and no parity
        differences = np.abs(native - exported)
    difference = float(differences.max(initial=0))
    if not difference <= tolerance:
        row = int(np.argmax(differences.max(axis=1)))
        raise ParityError(
            f"The ONNX graph differs from the model by {difference:.3g} (row {row}); "
            f"{tolerance:g} are allowed. Look for a step that converts differently, "
            "or raise [parity] tolerance in config/training.toml knowingly."
        )
    return difference

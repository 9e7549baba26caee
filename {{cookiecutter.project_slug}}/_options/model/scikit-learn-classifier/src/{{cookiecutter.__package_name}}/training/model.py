"""The second seam: your model. Anything that fits, answers, and becomes an ONNX graph."""

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .data import Dataset

LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy")


def build(seed: int) -> Pipeline:
    """Return the model before it has seen data; replace this function with yours."""
    return make_pipeline(StandardScaler(), LogisticRegression(random_state=seed, max_iter=1_000))


def fit(dataset: Dataset, seed: int) -> Pipeline:
    """Return the model, fitted to every row of `dataset`."""
    return build(seed).fit(dataset.matrix(), dataset.target.to_numpy())


def labels(model: Pipeline) -> tuple[str, ...]:
    """Return the labels' names in the order of the model's outputs."""
    return tuple(map(str, model.classes_))


def predict(model: Pipeline, X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the model's own probabilities of shape (rows, n_labels)."""
    probabilities: NDArray[np.float32] = model.predict_proba(X).astype(np.float32)
    return probabilities


def export(model: Pipeline, n_features: int) -> bytes:
    """Return the model as an ONNX graph: "features" in, "probabilities" out."""
    example = np.zeros((1, n_features), dtype=np.float32)
    graph = to_onnx(model, example, options={"zipmap": False}, target_opset=18, name="model")
    graph.graph.input[0].name = "features"
    for node in graph.graph.node:
        node.input[:] = ["features" if name == "X" else name for name in node.input]
    kept = [output for output in graph.graph.output if output.name == "probabilities"]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString(deterministic=True))

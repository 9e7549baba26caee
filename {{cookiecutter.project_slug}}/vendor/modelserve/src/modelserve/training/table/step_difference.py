"""Find the step of a pipeline that its ONNX graph computes differently."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.pipeline import Pipeline

from .conversion import OPSET, TYPES
from .table import Table

Step = tuple[str, Any]
LARGE = 1e-4  # a difference, relative to the largest value of a step


def find_step(fitted: Any, table: Table, rows: Any, *, named: bool) -> str:
    """Return the first step whose graph differs, by its name and class; empty if unknown.

    Args:
        fitted: the pipeline.
        table: some rows.
        rows: the same as the pipeline takes them.
        named: these are columns with names, and not the matrix of the tensors.
    """
    steps = list(_flatten(fitted, "model"))
    for count in range(1, len(steps)):
        part = Pipeline(_renamed(steps[:count]))
        try:
            expected = np.asarray(part.transform(rows), dtype=np.float64)
            given = _run(part, table, named=named).reshape(expected.shape)
        # skl2onnx and onnxruntime have no common base for their errors.
        except Exception:  # pylint: disable=broad-exception-caught
            return ""
        if np.abs(given - expected).max(initial=0) > LARGE * max(1, np.abs(expected).max()):
            return _describe(steps[count - 1])
    return _describe(steps[-1])


def _flatten(estimator: Any, name: str) -> Iterator[Step]:
    """Yield the steps of a pipeline, and of pipelines in it."""
    if isinstance(estimator, Pipeline):
        for inner, step in estimator.steps:
            yield from _flatten(step, inner)
    else:
        yield name, estimator


def _renamed(steps: list[Step]) -> list[Step]:
    """Return steps whose names differ, as a pipeline needs them."""
    return [(f"{name}_{i}", step) for i, (name, step) in enumerate(steps)]


def _run(part: Pipeline, table: Table, *, named: bool) -> NDArray[Any]:
    tensors = table.tensors()
    if named:
        places = table.places().items()
        tensors = {name: tensors[tensor][:, i : i + 1] for name, (tensor, i) in places}
        types = [(name, TYPES[tensor]([None, 1])) for name, (tensor, _) in places]
    else:
        types = [(name, TYPES[name]([None, each.shape[1]])) for name, each in tensors.items()]
    model = to_onnx(part, initial_types=types, target_opset=OPSET)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    # skl2onnx changes names such as "length (cm)"; the order stays.
    inputs = zip(session.get_inputs(), tensors.values(), strict=True)
    outputs: NDArray[Any] = session.run(None, {each.name: value for each, value in inputs})[0]
    return outputs


def _describe(step: Step) -> str:
    name, estimator = step
    return f"{name} ({type(estimator).__name__})"

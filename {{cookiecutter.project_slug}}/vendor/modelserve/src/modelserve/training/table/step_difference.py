"""Find the step of a pipeline that its ONNX graph computes differently."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from .conversion import OPSET, TYPES, is_tree
from .table import Table

Step = tuple[str, Any]
LARGE = 1e-4  # a difference, relative to the largest value of a step
# Steps of these modules compute: in float32, the last digit depends on the order of operations.
COMPUTING = (
    *("sklearn.decomposition", "sklearn.preprocessing._data"),
    *("sklearn.preprocessing._function_transformer", "sklearn.preprocessing._polynomial"),
)


def advise(fitted: Any, table: Table, rows: Any, *, named: bool) -> str:
    """Return what to do about a graph that differs for some rows; empty if unknown.

    Args:
        fitted: the pipeline.
        table: some rows.
        rows: the same as the pipeline takes them.
        named: these are columns with names, and not the matrix of the tensors.
    """
    step = find_step(fitted, table, rows, named=named)
    *before, last = _flatten(fitted, "model")
    if step == _describe(last) and is_tree(last[1]):
        for each in chain.from_iterable(map(_parts_of, before)):
            if _computes(each[1]):
                return (
                    f"Remove the step {_describe(each)}: trees do not need it, and in float32 a "
                    f"value that it computes may fall on the other side of a split of {step}"
                )
    return f"Replace the step {step} that ONNX computes differently" if step else ""


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


def _parts_of(step: Step) -> Iterator[Step]:
    """Yield a step, or those of a column transformer and of the pipelines in it."""
    if not isinstance(step[1], ColumnTransformer):
        yield step
        return
    for name, part, _ in step[1].transformers_:
        for inner in _flatten(part, name):
            yield from _parts_of(inner)


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


def _computes(step: Any) -> bool:
    """Return whether a step changes the values of numbers."""
    if isinstance(step, FunctionTransformer) and step.func in (None, np.float32):
        return False
    return type(step).__module__.startswith(COMPUTING)


def _describe(step: Step) -> str:
    name, estimator = step
    return f"{name} ({type(estimator).__name__})"

"""Compare the ONNX graph's outputs with those of the model that it was exported from."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..answers import Decision, label_codes, label_of
from ..artifact import MODEL, Content
from ..errors import ParityError
from .dataset import Dataset
from .exported_model import ExportedModel
from .sections import Parity
from .splits import SplitOutputs, Splits

NAMED, MAX_SHOWN = 8, 60  # values of a row in an error, and characters of one
REPLACE = "Replace"  # the first word of an advice
PARAMETERS = (
    " Or leave out a parameter of it that the conversion may not know, such as a loss or weights "
    "(vendor/modelserve/docs/estimators.md#parameters)."
)
LOSSY = 1e-3  # of probabilities; graphs of floats differ by less


def run_graph(files: Mapping[str, Content], dataset: Dataset) -> NDArray[np.float32]:
    """Return the graph's outputs for every row, of shape (rows, n_outputs)."""
    if len(dataset) == 0:
        return np.empty((0, 0), dtype=np.float32)
    return run_session(open_graph(files[MODEL]), dataset, files)


def open_graph(graph: Content) -> ort.InferenceSession:
    """Return a session of an ONNX graph, for several runs."""
    options = ort.SessionOptions()
    options.log_severity_level = 4  # an error is raised; it is not printed besides
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_session(
    session: ort.InferenceSession, dataset: Dataset, files: Mapping[str, Content]
) -> NDArray[np.float32]:
    """Return a session's outputs for every row, of shape (rows, n_outputs)."""
    return np.concatenate([session.run(None, each)[0] for each in dataset.batches(files)])


class ParityResult(NamedTuple):
    """The largest difference between native and ONNX outputs.

    It is relative to `scale`, the largest native output, or absolute where there is no scale.
    `native` are the model's outputs for the test rows.
    """

    difference: float
    scale: float | None
    native: NDArray[np.float32]


def check(
    exported: ExportedModel, splits: Splits, outputs: SplitOutputs, section: Parity
) -> ParityResult | None:
    """Return how far native and ONNX outputs differ; None without a native model.

    Args:
        exported: the graph, and the model before its export.
        splits: the rows.
        outputs: of the ONNX graph.
        section: the tolerance.

    Raises:
        ParityError: the difference exceeds the tolerance; the row and the outputs are named.
    """
    if exported.native is None:
        return None
    parts, graph = (splits.training, splits.test), (outputs.training, outputs.test)
    native = [exported.native(part) for part in parts]
    scale = None if exported.labels else scale_of(np.concatenate(native))
    differences = [
        compare(
            expected,
            given,
            tolerance=section.tolerance,
            scale=scale,
            dataset=part,
            advise=exported.advise,
        )
        for expected, given, part in zip(native, graph, parts, strict=True)
    ]
    return ParityResult(max(differences), scale, native[1])


def scale_of(native: NDArray[np.float32]) -> float:
    """Return the largest absolute output, which differences of values are relative to."""
    finite = np.abs(native[np.isfinite(native)])
    return float(finite.max(initial=0)) or 1.0


def compare(
    native: NDArray[np.float32],
    exported: NDArray[np.float32],
    *,
    tolerance: float,
    scale: float | None = None,
    dataset: Dataset | None = None,
    advise: Callable[[Any], str] | None = None,
) -> float:
    """Return the largest difference between outputs of shape (rows, n_outputs).

    Args:
        native: of the model.
        exported: of its ONNX graph.
        tolerance: the largest difference allowed.
        scale: what the difference is relative to; None for an absolute one.
        dataset: the rows, to name one in an error.
        advise: says what to do about some rows, if it is known.

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
    difference = float(differences.max(initial=0)) / (scale or 1.0)
    if not difference <= tolerance:
        row = int(np.argmax(differences.max(axis=1)))
        column = int(np.argmax(differences[row]))
        one, other = native[row, column], exported[row, column]
        advice = advise(dataset.take(np.array([row]))) if advise and dataset else ""
        of_scale = "" if scale is None else f" times the largest output ({scale:.7g})"
        raise ParityError(
            f"The ONNX graph differs from the model by {difference:.3g}{of_scale}; {tolerance:g} "
            f"is allowed. For {describe_row(dataset, row)}, the model returns {one:.7g} and the "
            f"graph {other:.7g}. {_way_out(advice, difference)}"
        )
    return difference


def _way_out(advice: str, difference: float) -> str:
    """Return what to do about a difference; of graphs of floats, no tolerance excuses a large one.

    Args:
        advice: about these rows; empty if it is unknown.
        difference: relative to the largest output, or of probabilities.
    """
    if advice and not difference <= LOSSY:
        return f"{advice}.{PARAMETERS if advice.startswith(REPLACE) else ''}"
    advice = advice or f"{REPLACE} a step that ONNX computes differently"
    return f"{advice}, or raise [parity] tolerance in config/training.toml."


def describe_loss(
    parity: ParityResult,
    exported: NDArray[np.float32],
    labels: Sequence[str],
    target: Sequence[object],
    decision: Decision | None,
) -> str:
    """Return what a classifier lost by its export, such as by quantisation; empty if nothing.

    Args:
        parity: with the native outputs for the test rows.
        exported: the outputs of the ONNX graph for them, of shape (rows, n_labels).
        labels: in the order of the outputs.
        target: the true labels of the test rows.
        decision: which label is the answer, if not the most probable one.
    """
    if parity.difference <= LOSSY or not labels:
        return ""
    before, after = (label_codes(each, decision) for each in (parity.native, exported))
    truth = [label_of(each) for each in target]
    accuracies = [
        np.mean([labels[code] == label for code, label in zip(codes, truth, strict=True)])
        for codes in (after, before)
    ]
    return (
        f"{accuracies[0]:.4f} instead of {accuracies[1]:.4f} on the test rows; "
        f"{(before != after).sum()} of {len(truth)} labels differ"
    )


def describe_row(dataset: Dataset | None, position: int) -> str:
    """Name a row by its number in the data, from 1, and by its values, as far as there is room."""
    if dataset is None:
        return f"row {position + 1}"
    label = dataset.rows.index[position]
    number = f"{label + 1}" if isinstance(label, int | np.integer) else repr(label)[:MAX_SHOWN]
    values = dataset.rows.iloc[position].items()
    shown = [f"{name} = {value}"[:MAX_SHOWN] for name, value in islice(values, NAMED)]
    rest = len(dataset.rows.columns) - len(shown)
    return f"row {number} of the data ({', '.join(shown)}{f' and {rest} more' if rest > 0 else ''})"

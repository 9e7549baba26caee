"""Run an imported graph on rows of the data, and check that its answers can be served."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from ..answers import MOST_NEGATIVE, SUM_TOLERANCE, are_distributions
from ..artifact import MODEL, Content
from ..errors import InvalidInputError, TrainingError
from .dataset import Dataset
from .onnx_file import one_line

ROWS_ALONE = 3  # rows that are also run alone
SHOWN = 5  # outputs in an error
ALONE_TOLERANCE = 0.05  # of the outputs' range: weights of 8 bits depend on the batch a little
DYNAMIC = (
    "It quantises by the largest value among all rows: quantise it statically, or take the graph "
    'of floats; of texts, int8 = "static" or "dynamic" under [model] quantises that'
)
TRAINING_MODE = (
    "Export it in evaluation mode, model.eval() in torch: normalisation over a batch and dropout "
    "must be off"
)
FREE_AXIS = (
    "If it was exported for a fixed number of rows, export it with a free first axis: "
    "dynamic_shapes or dynamic_axes of torch.onnx.export, or [None, n_columns]"
)


def check(
    files: Mapping[str, Content], dataset: Dataset, labels: Sequence[str], *, softmax: bool
) -> None:
    """Check that a graph answers each row on its own, by probabilities or by numbers.

    Args:
        files: the graph as "model.onnx", and the tokenizer of a text model.
        dataset: rows.
        labels: in the order of the outputs; none for a regressor.
        softmax: the graph's last node converts scores to probabilities; then the scores are
            checked, which must not be probabilities already.

    Raises:
        TrainingError: the graph cannot be run, answers a row differently among other rows, or does
            not return probabilities; the message names the way out.
    """
    content = files[MODEL]
    model = content if isinstance(content, bytes) else content.read_bytes()
    session = _session(_without_softmax(model) if softmax else model)
    outputs = _run(session, files, dataset)
    wanted = (len(dataset), max(len(labels), 1))
    if outputs.shape != wanted:
        per_row = f"{outputs.size / len(dataset):g} numbers a row" if len(dataset) else "no rows"
        raise TrainingError(f"The graph returns {per_row}; {wanted[1]} are needed.")
    check_finite(outputs)
    check_alone(session, files, dataset, outputs)
    if labels:
        check_probabilities(outputs, softmax=softmax)


def check_finite(outputs: NDArray[np.float32]) -> None:
    """Check that outputs of shape (rows, n_outputs) are numbers.

    Raises:
        TrainingError: a row's are not.
    """
    wrong = ~np.isfinite(outputs).all(axis=1)
    if wrong.any():
        raise TrainingError(
            f"The graph returns {_show(outputs[wrong][0])} for {wrong.sum()} of {len(outputs)} "
            "rows. If these have missing values, put their imputation into the graph."
        )


def check_alone(
    session: ort.InferenceSession,
    files: Mapping[str, Content],
    dataset: Dataset,
    outputs: NDArray[np.float32],
) -> None:
    """Check that a row's answer does not depend on the other rows, nor on chance.

    Args:
        session: of the graph.
        files: hold the tokenizer of a text model.
        dataset: rows.
        outputs: to all rows together.

    Raises:
        TrainingError: it does.
    """
    spread = max(float(np.ptp(outputs)), 1e-6)
    for i in range(min(ROWS_ALONE, len(dataset))):
        alone = _run(session, files, dataset.take(np.array([i])))
        if alone.shape != (1, outputs.shape[1]):
            raise TrainingError(f"The graph answers one row by {alone.size} numbers. {FREE_AXIS}.")
        if np.abs(alone[0] - outputs[i]).max() > ALONE_TOLERANCE * spread:
            raise TrainingError(
                f"The graph answers a row alone by {_show(alone[0])}, and among others by "
                f"{_show(outputs[i])}. {DYNAMIC if _is_dynamic(files[MODEL]) else TRAINING_MODE}."
            )


def answers_among_others(
    files: Mapping[str, Content], dataset: Dataset
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the outputs to rows that are run together, and to each alone.

    Args:
        files: the graph as "model.onnx", and the tokenizer of a text model.
        dataset: rows.

    Returns:
        two arrays of shape (rows, n_outputs).
    """
    content = files[MODEL]
    session = _session(content if isinstance(content, bytes) else content.read_bytes())
    alone = [_run(session, files, dataset.take(np.array([i]))) for i in range(len(dataset))]
    return _run(session, files, dataset), np.concatenate(alone)


def check_probabilities(outputs: NDArray[np.float32], *, softmax: bool) -> None:
    """Check that outputs are probabilities; or with `softmax`, that they are scores.

    Args:
        outputs: of shape (rows, n_labels), before the conversion by softmax.
        softmax: the graph converts them to probabilities.

    Raises:
        TrainingError: they are not.
    """
    valid = are_distributions(outputs)
    if outputs.shape[1] == 2 and np.allclose(outputs[:, 0], -outputs[:, 1], atol=1e-6):
        raise TrainingError(
            f"The graph returns a score and its opposite, such as {_show(outputs[0])}; softmax "
            "would count it twice. Export the probabilities, or the score alone."
        )
    if softmax and valid.all():
        raise TrainingError(
            f"The graph returns probabilities already, such as {_show(outputs[0])}; "
            "leave out --softmax."
        )
    first, *others = outputs.T
    if softmax and len(others) == 1 and not first.any() and _are_shares(others[0]):
        raise TrainingError(
            f"The graph returns one number from 0 to 1 a row, such as {float(others[0][0]):.4g}: a "
            "probability already; leave out --softmax. If it is a score, put a Sigmoid into the "
            "graph instead."
        )
    if softmax or valid.all():
        return
    row = outputs[~valid][0]
    if (outputs >= MOST_NEGATIVE).all() and (outputs <= 1 + SUM_TOLERANCE).all():
        raise TrainingError(
            f"The graph returns {_show(row)} for a row: one probability for each label, which sum "
            f"to {float(row.sum()):.3g}. Models that give a row many labels are not supported: "
            "train with one label a row, or export an output for each label and import one as a "
            "classifier of two labels by --output-name."
        )
    raise TrainingError(
        f"The graph returns {_show(row)} for a row: scores, no probabilities that sum to 1. "
        "Add --softmax, or export its probabilities."
    )


def _are_shares(values: NDArray[np.float32]) -> bool:
    """Return whether all values are from 0 to 1."""
    return bool(((values >= 0) & (values <= 1)).all())


def _is_dynamic(content: Content) -> bool:
    """Return whether a graph quantises what it computes by the values of each call."""
    model = onnx.load_from_string(content) if isinstance(content, bytes) else onnx.load(content)
    return any(node.op_type == "DynamicQuantizeLinear" for node in model.graph.node)


def _session(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # an error is raised; it is not printed besides
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise TrainingError(
            f"The graph does not fit the data. {FREE_AXIS}. ONNX Runtime says: {one_line(error)}."
        ) from error


def _run(
    session: ort.InferenceSession, files: Mapping[str, Content], dataset: Dataset
) -> NDArray[np.float32]:
    try:
        parts: list[Any] = [session.run(None, each)[0] for each in dataset.batches(files)]
    except InvalidInputError:  # of a text
        raise
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        noun = "row" if len(dataset) == 1 else "rows"
        raise TrainingError(
            f"The graph cannot be run on {len(dataset)} {noun}. {FREE_AXIS}. "
            f"ONNX Runtime says: {one_line(error)}."
        ) from error
    return np.concatenate(parts)


def _without_softmax(content: bytes) -> bytes:
    """Return a graph that returns the scores that its last node takes."""
    model = onnx.load_from_string(content)
    softmax = model.graph.node.pop()
    model.graph.output[0].name = softmax.input[0]
    return bytes(model.SerializeToString())


def _show(row: NDArray[np.float32]) -> str:
    more = ", …" if len(row) > SHOWN else ""
    return f"[{', '.join(f'{float(value):.4g}' for value in row[:SHOWN])}{more}]"

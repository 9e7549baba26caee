"""Convert a fitted estimator to an ONNX graph, and say in one line what cannot be converted."""

import re
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.exceptions import MissingConverter, MissingShapeCalculator
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ...errors import TrainingError
from .. import graphs
from .booster_converters import register_boosters
from .converters import register_converters
from .graph_inputs import ELEMENTS
from .table import Table

OPSET = {"": 18, "ai.onnx.ml": 3}
TYPES = {"features": FloatTensorType, "categories": StringTensorType}
TRIED_ROWS = 100
# Estimators of these modules compare values with thresholds.
TREES = ("sklearn.tree", "sklearn.ensemble", "catboost", "lightgbm", "xgboost")
# The graphs of these estimators add each tree's or estimator's share of a probability.
SUMMED = ("sklearn.ensemble._bagging", "sklearn.ensemble._forest", "sklearn.ensemble._voting")
SHOWN = 300  # characters of another library's message
XGBOOST_PLACE = re.compile(r"^\[[\d:]+\] \S+:\d+: ")  # when and where in its source
COLUMNS_FIRST = "put the ColumnTransformer first in `transformers` in features.py"
WAYS_OUT = (
    "Choose another estimator or step (vendor/modelserve/docs/estimators.md lists what converts), "
    "import an ONNX graph of your own by `import-onnx`, or serve the model without ONNX by the "
    "hook `load_model` (docs/make-it-yours.md)."
)


def convert(fitted: BaseEstimator, table: Table, labels: tuple[str, ...], *, named: bool) -> bytes:
    """Return the file of a fitted estimator's ONNX graph, which takes the table's tensors.

    Args:
        fitted: the estimator.
        table: the training rows.
        labels: in the order of the outputs; empty for a regressor.
        named: its first step selects columns by name.

    Raises:
        TrainingError: the estimator has no probabilities, or a step of it cannot be converted.
    """
    refuse_text_steps(fitted)
    last = last_step(fitted)
    if labels and not hasattr(fitted, "predict_proba"):
        raise TrainingError(
            f"{type(last).__name__} has no probabilities, and a classifier answers with them. "
            f"{_way_to_probabilities(last)}"
        )
    refuse_searches(fitted)
    register_converters()
    register_boosters()
    for part in [fitted, *fitted.get_params(deep=True).values()]:
        if isinstance(part, VotingClassifier):
            part.flatten_transform = False  # of `transform`, which nobody calls
        if isinstance(part, VotingClassifier | VotingRegressor) and part.weights is not None:
            part.weights = np.asarray(part.weights)  # as skl2onnx needs them
    options: dict[Any, Any] = {id(last): {"zipmap": False}} if labels else {}
    if is_tree(last):  # scaled by the same operations, values stay on their side of a threshold
        options[StandardScaler] = {"div": "div"}
    try:
        model = to_onnx(
            fitted,
            initial_types=_named_types(table) if named else _tensor_types(table),
            options=options or None,
            target_opset=OPSET,
            name="model",
        )
        if named:  # first: a column may be named as the output is
            _connect(model, table)
        output = graphs.output_name(labels)
        if labels and type(last).__module__.startswith(SUMMED):
            graphs.clip_output(model, output)
        else:
            graphs.rename(model, model.graph.output[-1].name, output)
        graphs.keep_output(model, output, width=max(len(labels), 1))
        content = graphs.to_bytes(model)
        _try_graph(content, table)
    except Exception as error:  # skl2onnx, onnx and onnxruntime have no common base for theirs
        step = failed_step(error) or type(last).__name__
        raise TrainingError(
            f"{step} cannot be converted to ONNX: {short_message(error)}. {WAYS_OUT}"
        ) from error
    return content


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, and of a pipeline in it."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _way_to_probabilities(estimator: BaseEstimator) -> str:
    """Return what gives probabilities to a classifier without them."""
    name = type(estimator).__name__
    if isinstance(estimator, VotingClassifier):
        return 'Write voting="soft".'
    if not hasattr(estimator, "decision_function"):  # which a calibration needs
        return WAYS_OUT
    calibrated = f"Calibrate it: CalibratedClassifierCV({name}(...))"
    takes_others = hasattr(estimator, "estimator")  # no [model] estimator names such a class
    return f"{calibrated}{'' if takes_others else f', which [model] estimator = {name!r} does'}."


def is_tree(estimator: Any) -> bool:
    """Return whether an estimator compares values with thresholds."""
    return type(estimator).__module__.startswith(TREES)


def failed_step(error: BaseException) -> str:
    """Return the class of the step that an error was raised in; empty if there is none."""
    name = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        operator = getattr(frame.f_locals.get("operator"), "raw_operator", None)
        for step in (operator, frame.f_locals.get("self")):
            if isinstance(step, BaseEstimator) and not isinstance(
                step, Pipeline | ColumnTransformer
            ):
                name = type(step).__name__
    return name


def short_message(error: BaseException) -> str:
    """Return the first sentence or two of another library's message, without its full stop."""
    if isinstance(error, MissingConverter | MissingShapeCalculator):
        return "skl2onnx has no converter for it"
    message = " ".join(str(error).split()) or type(error).__name__
    if message == "'gbtree_model_param'":  # onnxmltools', of XGBoost's other boosters
        return "only booster gbtree has a converter"
    message = XGBOOST_PLACE.sub("", message.partition(" Stack trace: ")[0])
    if "when the missing values are string" in message:  # skl2onnx's, of its SimpleImputer
        return 'a missing category is an empty text: write SimpleImputer(missing_values="", ...)'
    if "input(s) is(are) supported" in message:  # skl2onnx's, of columns with names
        return f"it takes one matrix, and no columns by name: {COLUMNS_FIRST}"
    if "fits failed" in message:  # scikit-learn's, of a search: the last line has the cause
        message = str(error).strip().splitlines()[-1]
    if "attributes={" in message:  # skl2onnx prints a whole forest
        message = message.partition(" and attributes=")[0]
    return (message if len(message) <= SHOWN else f"{message[:SHOWN]}…").rstrip(".")


def refuse_text_steps(fitted: BaseEstimator) -> None:
    """Check that no step counts words.

    Raises:
        TrainingError: one does; its ONNX graph would split and weigh words in another way.
    """
    for columns, step in _steps_of(fitted, ""):
        if isinstance(step, CountVectorizer | HashingVectorizer):
            where = f" for the column {columns}" if columns else ""
            raise TrainingError(
                f"{type(step).__name__}{where} cannot be converted to ONNX: the graph splits and "
                "weighs words in another way. Leave the text column out ([data] drop), make it a "
                "category of few values, or use a text project (huggingface-text-classifier)."
            )


def refuse_searches(fitted: BaseEstimator) -> None:
    """Check that no step searches parameters in a way that has no converter.

    Raises:
        TrainingError: one does.
    """
    for step in (fitted, *fitted.get_params(deep=True).values()):
        if hasattr(step, "best_estimator_") and not isinstance(step, GridSearchCV):
            raise TrainingError(
                f"{type(step).__name__} cannot be converted to ONNX. Have [search] in "
                "config/training.toml search (vendor/modelserve/docs/training.md), or return the "
                "estimator with the parameters that were found."
            )


def _steps_of(estimator: Any, columns: str) -> Iterator[tuple[str, Any]]:
    """Yield each step of pipelines and column transformers, with the columns that it takes."""
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            yield from _steps_of(step, columns)
    elif isinstance(estimator, ColumnTransformer):
        for _, step, taken in getattr(estimator, "transformers_", estimator.transformers):
            names = [taken] if isinstance(taken, str) else taken
            listed = ", ".join(map(str, names)) if isinstance(names, list) else ""
            yield from _steps_of(step, listed)
    else:
        yield columns, estimator


def _tensor_types(table: Table) -> list[tuple[str, Any]]:
    return [(name, TYPES[name]([None, array.shape[1]])) for name, array in table.tensors().items()]


def _named_types(table: Table) -> list[tuple[str, Any]]:
    return [(name, TYPES[tensor]([None, 1])) for name, (tensor, _) in table.places().items()]


def _connect(model: onnx.ModelProto, table: Table) -> None:
    """Connect the inputs, one a column in the table's order, to the table's tensors."""
    nodes = []
    for i, (value, (tensor, place)) in enumerate(
        zip(list(model.graph.input), table.places().values(), strict=True)
    ):
        name = f"column_{i}"
        graphs.rename(model, value.name, name)
        index = numpy_helper.from_array(np.array([place], dtype=np.int64), f"{name}_index")
        model.graph.initializer.append(index)
        nodes.append(helper.make_node("Gather", [tensor, index.name], [name], axis=1))
    graphs.prepend(model, *nodes)
    del model.graph.input[:]
    model.graph.input.extend(
        helper.make_tensor_value_info(name, ELEMENTS[name], ["rows", array.shape[1]])
        for name, array in table.tensors().items()
    )


def _try_graph(content: bytes, table: Table) -> None:
    """Load the graph and run it on some rows."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    rows = {name: array[:TRIED_ROWS] for name, array in table.tensors().items()}
    session.run(None, rows)

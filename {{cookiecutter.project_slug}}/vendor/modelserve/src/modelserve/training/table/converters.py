"""Correct and complete what skl2onnx converts of scikit-learn."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._parse import parse_sklearn
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from skl2onnx.operator_converters.linear_classifier import convert_sklearn_linear_classifier
from skl2onnx.operator_converters.random_forest import (
    convert_sklearn_random_forest_classifier,
    convert_sklearn_random_forest_regressor_converter,
)
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.preprocessing import FunctionTransformer, StandardScaler

CLASSIFIER_OPTIONS = {
    "nocl": [True, False],
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}
Node = tuple[str, tuple[float, ...]]  # an operator, and its inputs after the first
ONE = (1.0,)
# The functions that a FunctionTransformer may have: their nodes, first to last.
FUNCTIONS: dict[Any, list[Node]] = {
    None: [("Identity", ())],
    np.abs: [("Abs", ())],
    np.exp: [("Exp", ())],
    np.expm1: [("Exp", ()), ("Sub", ONE)],
    np.float32: [("Identity", ())],
    np.log: [("Log", ())],
    np.log1p: [("Add", ONE), ("Log", ())],
    np.reciprocal: [("Reciprocal", ())],
    np.square: [("Pow", (2.0,))],
    np.sqrt: [("Sqrt", ())],
    np.tanh: [("Tanh", ())],
}


class PlainContainer:
    """A converter's container that takes numpy's scalars, and thresholds of double precision.

    Args:
        container: what the nodes are added to.
    """

    def __init__(self, container: Any) -> None:
        """Keep the container."""
        self._container = container

    def __getattr__(self, name: str) -> Any:
        """Return what the container has."""
        return getattr(self._container, name)

    def add_node(self, op_type: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        """Add a node with plain numbers for attributes."""
        plain = {name: _plain(value) for name, value in attributes.items()}
        if op_type.startswith("TreeEnsemble"):
            plain["nodes_values"] = _round_thresholds(plain["nodes_values"], plain["nodes_modes"])
        self._container.add_node(op_type, inputs, outputs, **plain)


class LogisticContainer(PlainContainer):
    """A container whose linear classifier of two labels has logistic probabilities."""

    def add_node(self, op_type: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        """Add a node; the scores of two labels are each other's negative."""
        if op_type == "LinearClassifier" and len(attributes["intercepts"]) == 2:
            attributes["post_transform"] = "LOGISTIC"
        super().add_node(op_type, inputs, outputs, **attributes)


@cache
def register_converters() -> None:
    """Register the converters with skl2onnx, once."""
    for kind, convert in (
        (HistGradientBoostingClassifier, convert_sklearn_random_forest_classifier),
        (HistGradientBoostingRegressor, convert_sklearn_random_forest_regressor_converter),
    ):
        is_classifier = kind is HistGradientBoostingClassifier
        update_registered_converter(
            kind,
            f"Sklearn{kind.__name__}",
            calculate_linear_classifier_output_shapes
            if is_classifier
            else calculate_linear_regressor_output_shapes,
            _with_rounded_thresholds(convert),
            options=CLASSIFIER_OPTIONS if is_classifier else None,
        )
    update_registered_converter(
        LinearDiscriminantAnalysis,
        "ModelserveLinearDiscriminantAnalysis",
        calculate_linear_classifier_output_shapes,
        in_container(LogisticContainer, convert_sklearn_linear_classifier),
        options=CLASSIFIER_OPTIONS,
    )
    update_registered_converter(
        FunctionTransformer, "ModelserveFunctionTransformer", _shape_function, _convert_function
    )
    update_registered_converter(
        TransformedTargetRegressor,
        "ModelserveTransformedTargetRegressor",
        calculate_linear_regressor_output_shapes,
        _convert_target,
        parser=_parse_target,
    )


def in_container(kind: type[PlainContainer], convert: Any) -> Any:
    """Return a converter that adds its nodes through a container of another kind."""

    def converted(scope: Any, operator: Any, container: Any) -> None:
        convert(scope, operator, kind(container))

    return converted


def _with_rounded_thresholds(convert: Any) -> Any:
    """Return a converter of histogram gradient boosting that sees thresholds as float32."""
    plain = in_container(PlainContainer, convert)

    def converted(scope: Any, operator: Any, container: Any) -> None:
        # pylint: disable-next=protected-access  # scikit-learn keeps its trees nowhere else
        trees = [tree for trees in operator.raw_operator._predictors for tree in trees]
        originals = [tree.nodes for tree in trees]
        try:
            for tree in trees:
                tree.nodes = tree.nodes.copy()
                tree.nodes["num_threshold"] = _round_down(tree.nodes["num_threshold"])
            plain(scope, operator, container)
        finally:
            for tree, nodes in zip(trees, originals, strict=True):
                tree.nodes = nodes

    return converted


def _plain(value: Any) -> Any:
    """Return a number, or a list of them, in Python's own types; true is 1."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, bool) else value


def _round_thresholds(values: list[float], modes: list[str]) -> list[float]:
    """Return thresholds as float32, rounded down where a value that is equal goes left.

    A float32 is then on the same side of a threshold as before; rounded to the nearest, it might
    not be.
    """
    exact = np.asarray(values, dtype=np.float64)
    equal_goes_left = np.asarray(modes) == "BRANCH_LEQ"
    rounded: list[float] = np.where(equal_goes_left, _round_down(exact), exact).tolist()
    return rounded


def _round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that are not above some values."""
    with np.errstate(over="ignore"):  # infinity, and the largest float32 is below it
        nearest: NDArray[np.float32] = values.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    rounded: NDArray[np.float32] = np.where(nearest.astype(np.float64) > values, below, nearest)
    return rounded


def _shape_function(operator: Any) -> None:
    """Set the shape of a FunctionTransformer's output: its inputs side by side."""
    _nodes_of(operator.raw_operator.func)
    widths = [variable.type.shape[1] for variable in operator.inputs]
    rows = operator.inputs[0].get_first_dimension()
    operator.outputs[0].type = FloatTensorType([rows, None if None in widths else sum(widths)])


def _convert_function(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a FunctionTransformer."""
    names = [variable.full_name for variable in operator.inputs]
    joined = names[0]
    if len(names) > 1:
        joined = scope.get_unique_variable_name("joined")
        container.add_node("Concat", names, joined, axis=1)
    nodes = _nodes_of(operator.raw_operator.func)
    _add_nodes(scope, container, nodes, joined, operator.outputs[0].full_name)


def _parse_target(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the regressor's operators, and one for the function after them."""
    operator = scope.declare_local_operator("ModelserveTransformedTargetRegressor", model)
    values = parse_sklearn(scope, model.regressor_, inputs, custom_parsers=custom_parsers)
    operator.inputs.extend(values)
    operator.outputs.append(scope.declare_local_variable("variable", FloatTensorType()))
    return operator.outputs


def _convert_target(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a TransformedTargetRegressor's inverse function."""
    transformer = operator.raw_operator.transformer_
    if isinstance(transformer, StandardScaler):
        low, high = transformer.inverse_transform([[0.0], [1.0]])[:, 0].tolist()
        nodes: list[Node] = [("Mul", (high - low,)), ("Add", (low,))]
    elif isinstance(transformer, FunctionTransformer):
        nodes = _nodes_of(transformer.inverse_func)
    else:
        raise NotImplementedError(f"the target's transformer is {type(transformer).__name__}")
    value, output = operator.inputs[0].full_name, operator.outputs[0].full_name
    _add_nodes(scope, container, nodes, value, output)


def _add_nodes(scope: Any, container: Any, nodes: list[Node], value: str, output: str) -> None:
    """Add nodes that lead from one name to another."""
    for i, (kind, numbers) in enumerate(nodes, 1):
        name = output if i == len(nodes) else scope.get_unique_variable_name("function")
        inputs = [value]
        for number in numbers:
            inputs.append(scope.get_unique_variable_name("constant"))
            container.add_initializer(inputs[-1], TensorProto.FLOAT, [], [number])
        container.add_node(kind, inputs, name)
        value = name


def _nodes_of(func: Any) -> list[Node]:
    """Return the nodes of a function.

    Raises:
        NotImplementedError: there are none.
    """
    if func not in FUNCTIONS:
        known = ", ".join(f"np.{each.__name__}" for each in FUNCTIONS if each)
        raise NotImplementedError(
            f"its function is {getattr(func, '__name__', func)}; {known} convert"
        )
    return FUNCTIONS[func]

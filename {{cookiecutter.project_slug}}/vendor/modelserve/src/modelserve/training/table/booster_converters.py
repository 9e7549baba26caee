"""Register the estimators of XGBoost, LightGBM and CatBoost with skl2onnx."""

import sys
from functools import cache
from importlib import metadata
from typing import Any

from onnx import helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from .converters import CLASSIFIER_OPTIONS, PlainContainer, in_container

BOOSTERS = ("xgboost", "lightgbm", "catboost")


def boosters_in(estimator: BaseEstimator) -> tuple[str, ...]:
    """Return the boosting libraries that an estimator or its parts are from."""
    parts = (estimator, *estimator.get_params(deep=True).values())
    modules = {type(part).__module__.partition(".")[0] for part in parts}
    return tuple(name for name in BOOSTERS if name in modules)


def takes_missing(estimator: BaseEstimator) -> bool:
    """Return whether missing numbers have a branch of their own, in its ONNX graph, too.

    They have none in the graph of scikit-learn's trees and forests.
    """
    histogram = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    return isinstance(estimator, histogram) or bool(boosters_in(estimator))


def distributions_of(boosters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distributions of boosting libraries; `xgboost-cpu` does not exist for macOS."""
    names = []
    for name in boosters:
        installed = metadata.packages_distributions().get(name, [name])
        names += sorted(set(installed), reverse=True)[:1]
        if name != "catboost":
            names.append("onnxmltools")
    return tuple(dict.fromkeys(names))


def register_boosters() -> None:
    """Register the estimators of the boosting libraries that were imported."""
    for name in BOOSTERS:
        if name in sys.modules:
            _REGISTER[name]()


@cache
def _register_xgboost() -> None:
    # pylint: disable=import-outside-toplevel  # the library is an extra
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from xgboost import XGBClassifier, XGBRegressor

    _register(XGBClassifier, XGBRegressor, convert_xgboost)


@cache
def _register_lightgbm() -> None:
    # pylint: disable=import-outside-toplevel  # the library is an extra
    from lightgbm import LGBMClassifier, LGBMRegressor
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

    _register(LGBMClassifier, LGBMRegressor, in_container(PlainContainer, convert_lightgbm))


@cache
def _register_catboost() -> None:
    # pylint: disable=import-outside-toplevel  # the library is an extra
    from catboost import CatBoostClassifier, CatBoostRegressor

    parser = _parse_catboost  # CatBoost's classifier is none by scikit-learn's base class
    _register(CatBoostClassifier, CatBoostRegressor, _convert_catboost, parser)


_REGISTER = {
    "xgboost": _register_xgboost,
    "lightgbm": _register_lightgbm,
    "catboost": _register_catboost,
}


def _register(classifier: Any, regressor: Any, convert: Any, parser: Any = None) -> None:
    options = {name: CLASSIFIER_OPTIONS[name] for name in ("nocl", "zipmap")}
    shapes = calculate_linear_classifier_output_shapes
    name = classifier.__name__
    update_registered_converter(classifier, name, shapes, convert, parser=parser, options=options)
    shapes = calculate_linear_regressor_output_shapes
    update_registered_converter(regressor, regressor.__name__, shapes, convert)


def _parse_catboost(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare a classifier with two outputs: the label and the probabilities."""
    del custom_parsers
    operator = scope.declare_local_operator(type(model).__name__, model)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("label", Int64TensorType()))
    operator.outputs.append(scope.declare_local_variable("probabilities", FloatTensorType()))
    return operator.outputs


def _convert_catboost(scope: Any, operator: Any, container: Any) -> None:
    """Add the trees of CatBoost's own ONNX graph."""
    # pylint: disable=import-outside-toplevel  # the library is an extra
    from catboost.utils import convert_to_onnx_object

    graph = convert_to_onnx_object(operator.raw_operator).graph
    trees = next(node for node in graph.node if node.op_type.startswith("TreeEnsemble"))
    attributes = {each.name: helper.get_attribute_value(each) for each in trees.attribute}
    outputs = [variable.full_name for variable in operator.outputs]
    container.add_node(
        trees.op_type,
        [operator.inputs[0].full_name],
        outputs,
        op_domain="ai.onnx.ml",
        name=scope.get_unique_operator_name(trees.op_type),
        **attributes,
    )

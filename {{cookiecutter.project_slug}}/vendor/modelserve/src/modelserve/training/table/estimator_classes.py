"""Find a class of scikit-learn or of a boosting library by its name."""

import difflib
import inspect
from functools import cache
from importlib import import_module
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import all_estimators

from ...errors import ConfigurationError, MissingPackageError
from ..tasks import Name

# The module of each class that an extra of the library brings.
EXTRAS = {
    f"{prefix}{task}": module
    for prefix, module in (("XGB", "xgboost"), ("LGBM", "lightgbm"), ("CatBoost", "catboost"))
    for task in ("Classifier", "Regressor")
}
# They take several targets, one column only, codes of categories, or rows without a label.
UNSUITABLE = {
    *("LabelPropagation", "LabelSpreading", "SelfTrainingClassifier"),
    *("CCA", "IsotonicRegression", "PLSCanonical", "CategoricalNB"),
    *("MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"),
}


def find_class(name: str, task: Name) -> type[BaseEstimator]:
    """Return an estimator's class.

    Args:
        name: of the class.
        task: what it should be.

    Raises:
        ConfigurationError: there is no such class, or it is of the other task, or takes other
            estimators.
        MissingPackageError: it is of a package that is not installed.
    """
    if EXTRAS.get(name) and name.lower().endswith(task):
        return _import_class(name)
    classes = list_classes(task)
    if name not in classes:
        raise ConfigurationError(_explain(name, task, classes))
    kind: type[BaseEstimator] = classes[name]
    if missing := required_arguments(kind):
        raise ConfigurationError(
            f"[model] estimator: {name} needs {', '.join(missing)}, which a file cannot state; "
            "return it from `build` in model.py."
        )
    return kind


@cache
def list_classes(task: Name) -> dict[str, Any]:
    """Return scikit-learn's classes of one task by name."""
    return {name: kind for name, kind in all_estimators(type_filter=task) if name not in UNSUITABLE}


def _import_class(name: str) -> type[BaseEstimator]:
    """Return a class of a boosting library.

    Raises:
        MissingPackageError: the library is not installed.
    """
    extra = EXTRAS[name]
    try:
        kind: type[BaseEstimator] = getattr(import_module(extra), name)
    except ImportError as error:
        raise MissingPackageError(
            f"{name} needs the package {extra}, which is not installed. In pyproject.toml, add "
            f"{extra} to those in the brackets behind modelserve in `training`, then run "
            "`uvx nox -s lock` and `uvx nox -s dev`."
        ) from error
    return kind


def _explain(name: str, task: Name, classes: dict[str, Any]) -> str:
    """Return why there is no class of a name."""
    shown, own = repr(name[:60]), name.rpartition(".")[2]
    other: Name = "regressor" if task == "classifier" else "classifier"
    if own in list_classes(other) or _is_other(own, task):
        return (
            f"[model] estimator: {shown} is a {other}, and model.py makes a {task}. Call "
            f'make_{other} in its `train`, and write task = "{other}" in config/training.toml.'
        )
    known = {each.lower(): each for each in (*classes, *EXTRAS) if not _is_other(each, task)}
    close = difflib.get_close_matches(own.lower(), known, n=3)
    guess = f"; did you mean {' or '.join(known[each] for each in close)}?" if close else "."
    return (
        f"[model] estimator: there is no {task} {shown}{guess} It is the name of a class, listed "
        "in vendor/modelserve/docs/estimators.md."
    )


def example_of(task: Name, name: str) -> str:
    """Return ", such as " and the class of a task that goes with one of the other; or nothing."""
    other: Name = "regressor" if task == "classifier" else "classifier"
    example = name.removesuffix(other.capitalize()) + task.capitalize()
    known = example in EXTRAS or example in list_classes(task)
    return f", such as {example}" if known else ""


def _is_other(name: str, task: Name) -> bool:
    return name in EXTRAS and not name.lower().endswith(task)


def required_arguments(kind: type[BaseEstimator]) -> list[str]:
    """Return the arguments that a constructor needs."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        each.name
        for each in parameters
        if each.default is inspect.Parameter.empty and each.kind in plain
    ]

"""Build an estimator by the name of its class, as `[model]` in config/training.toml states it."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any, Self

from pydantic import Field, model_validator
from sklearn.base import (
    BaseEstimator,
    ClusterMixin,
    OutlierMixin,
    is_classifier,
    is_regressor,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ...errors import ConfigurationError, TrainingError
from ..sections import Options
from ..tasks import Name
from .estimator_classes import example_of, find_class
from .fit_errors import ADDED_SCALER

# Estimators of these modules measure distances or sum products: their columns need one scale.
SCALED = (
    *("sklearn.calibration", "sklearn.gaussian_process", "sklearn.kernel_ridge"),
    *("sklearn.linear_model", "sklearn.neighbors", "sklearn.neural_network", "sklearn.svm"),
)
# One thread and no output, so that one seed gives the same bytes.
DEFAULTS: dict[str, dict[str, Any]] = {
    "catboost": {"thread_count": 1, "verbose": False, "allow_writing_files": False},
    "lightgbm": {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1},
    "xgboost": {"n_jobs": 1},
}
# Of objectives, which XGBoost's constructors take without naming them.
UNNAMED = {
    "xgboost": {"expectile_alpha", "huber_slope", "quantile_alpha", "tweedie_variance_power"},
}
CONSTRAINTS = {"monotone_constraints", "monotonic_cst"}
Build = Callable[[Any, int], BaseEstimator]

SHOWN = 400  # characters of a list in an error


class EstimatorOptions(Options):
    """The keys of `[model]` in config/training.toml that name an estimator.

    `estimator` is the name of a class of scikit-learn, XGBoost, LightGBM or CatBoost, and
    `parameters` are the arguments of its constructor; the seed is added. Without `estimator`, your
    model.py states which one is trained.
    """

    estimator: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_estimator(self) -> Self:
        others = sorted(self.model_fields_set - {"estimator", "parameters"})
        if self.estimator is None and self.parameters:
            raise ValueError("parameters needs estimator, the name of a class")
        if self.estimator is not None and others:
            given = ", ".join(others)
            raise ValueError(
                f"{given}: with estimator, hyper-parameters are keys of parameters, as in "
                f"parameters = {{ {others[0]} = ... }}"
            )
        return self


def make_classifier(
    options: EstimatorOptions, seed: int, *, default: Build | None = None
) -> BaseEstimator:
    """Return the classifier that `[model] estimator` names, not fitted yet.

    One without probabilities is calibrated (sigmoid, cross-validated).

    Args:
        options: the class's name and its parameters.
        seed: its `random_state`, where it takes one.
        default: builds the estimator where `[model]` names none.

    Raises:
        ConfigurationError: there is no such classifier, or it has no such parameter.
        TrainingError: it is of a package that is not installed, or `default` builds one of the
            other task.
    """
    return _make("classifier", options, seed, default)


def make_regressor(
    options: EstimatorOptions, seed: int, *, default: Build | None = None
) -> BaseEstimator:
    """Return the regressor that `[model] estimator` names, not fitted yet.

    Args:
        options: the class's name and its parameters.
        seed: its `random_state`, where it takes one.
        default: builds the estimator where `[model]` names none.

    Raises:
        ConfigurationError: there is no such regressor, or it has no such parameter.
        TrainingError: it is of a package that is not installed, or `default` builds one of the
            other task.
    """
    return _make("regressor", options, seed, default)


def _make(task: Name, options: EstimatorOptions, seed: int, default: Build | None) -> BaseEstimator:
    if default and not options.estimator:
        return _check_task(task, default(options, seed), getattr(default, "__name__", "default"))
    kind = find_class(options.estimator or "", task)
    known = _parameters_of(kind)
    _check_parameters(kind, options.parameters, known)
    library = kind.__module__.partition(".")[0]
    _check_constraints(kind.__name__, library, options.parameters)
    defaults = dict(DEFAULTS.get(library, {}))
    if "random_state" in known and not {"seed", "random_seed"} & options.parameters.keys():
        defaults["random_state"] = seed
    estimator = kind(**defaults | options.parameters)
    if task == "classifier" and not hasattr(estimator, "predict_proba"):
        estimator = CalibratedClassifierCV(estimator, ensemble=False)
    if not kind.__module__.startswith(SCALED):
        return estimator
    return Pipeline([(ADDED_SCALER, StandardScaler()), ("estimator", estimator)])


def _check_task(task: Name, built: BaseEstimator, function: str) -> BaseEstimator:
    """Return an estimator that a function of model.py built.

    Raises:
        TrainingError: it is of the other task, or of none.
    """
    last = built[-1] if isinstance(built, Pipeline) else built
    name = type(last).__name__
    if isinstance(last, OutlierMixin | ClusterMixin):
        raise TrainingError(
            f"`{function}` in model.py returns {name}, which finds outliers or clusters; return a "
            f"{task}, which learns [data] target."
        )
    other: Name = "regressor" if task == "classifier" else "classifier"
    if not (is_regressor if other == "regressor" else is_classifier)(built):
        return built
    raise TrainingError(
        f"`{function}` in model.py returns {name}, a {other}, and make_{task} asks for a {task}. "
        f"Return a {task} from `{function}`{example_of(task, name)}; or call make_{other} in "
        f'`train`, and write task = "{other}" in config/training.toml.'
    )


def _parameters_of(kind: type[BaseEstimator]) -> set[str]:
    """Return the names of a constructor's arguments, with those that it takes besides."""
    signature = inspect.signature(kind.__init__)
    known = {*signature.parameters, *kind().get_params()} - {"self", "kwargs"}
    known |= UNNAMED.get(kind.__module__.partition(".")[0], set())
    if kind.__module__.startswith("lightgbm"):
        # pylint: disable-next=import-outside-toplevel  # the library is an extra
        from lightgbm.basic import _ConfigAliases

        # pylint: disable-next=protected-access  # LightGBM lists them nowhere else
        for name, aliases in _ConfigAliases._get_all_param_aliases().items():
            known |= {name, *aliases}
    return known


def _check_parameters(
    kind: type[BaseEstimator], parameters: dict[str, Any], known: set[str]
) -> None:
    """Check that a class has the parameters.

    Raises:
        ConfigurationError: it has not; the message lists those that it has.
    """
    for name in parameters:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3)
            guess = f"; did you mean {' or '.join(close)}?" if close else "."
            listed = ", ".join(sorted(known))
            if len(listed) > SHOWN:
                listed = f"{listed[:SHOWN].rpartition(', ')[0]}, …"
            raise ConfigurationError(
                f"[model] parameters: {kind.__name__} has no parameter {name[:50]!r}{guess} "
                f"It has {listed}."
            )


def _check_constraints(name: str, library: str, parameters: dict[str, Any]) -> None:
    """Check that the directions of columns are stated by position: an estimator sees no names.

    Raises:
        ConfigurationError: they are stated by name, or not as the library takes them.
    """
    for key in CONSTRAINTS & parameters.keys():
        directions = parameters[key]
        by_name = isinstance(directions, dict)
        if by_name and library == "catboost":
            by_name = not all(map(str.isdigit, directions))
        if by_name or (library == "xgboost" and not isinstance(directions, str)):
            form = '"(1,0,-1)"' if library == "xgboost" else "[1, 0, -1]"
            raise ConfigurationError(
                f"[model] parameters: {key} of {name} is stated by position, such as {form}: "
                "first the numbers and booleans in the order of the data, then each category of "
                "each column of categories."
            )

"""`[model] estimator` names any class; what it cannot name or take is one line with a way out."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier
from modelserve import EstimatorOptions, make_classifier, make_regressor
from modelserve.artifact import MODEL
from modelserve.errors import ConfigurationError, TrainingError
from modelserve.serving.runtime import OnnxModel
from modelserve.training import parity
from modelserve.training.config import load_config
from modelserve.training.table import estimator_classes, pipeline
from modelserve.training.table.table import Table
from modelserve.training.train import train
from pydantic import ValidationError
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from starlette.testclient import TestClient

from tests.engine.families import Family
from tests.engine.training.convertible import compare, make_table

FAMILIES = ("iris", "iris_xgboost")


def options(name: str, **parameters: Any) -> EstimatorOptions:
    """Return what `[model]` says."""
    return EstimatorOptions(estimator=name, parameters=parameters)


def test_an_estimator_is_of_the_named_class_with_the_parameters_and_the_seed() -> None:
    given = options("HistGradientBoostingClassifier", max_iter=50, class_weight="balanced")
    estimator = make_classifier(given, 7)
    assert isinstance(estimator, HistGradientBoostingClassifier)
    assert (estimator.max_iter, estimator.class_weight) == (50, "balanced")
    assert estimator.random_state == 7


def test_the_default_is_built_where_no_estimator_is_named() -> None:
    built = RandomForestClassifier()
    given = EstimatorOptions()
    assert (
        make_classifier(given, 7, default=lambda *words: built if words == (given, 7) else 0)
        is built
    )
    named = make_classifier(options("GaussianNB"), 7, default=lambda *_: built)
    assert type(named).__name__ == "GaussianNB"


@pytest.mark.parametrize(
    ("built", "complaint"),
    [
        pytest.param(
            RandomForestClassifier(),
            "`build` in model.py returns RandomForestClassifier, a classifier, and make_regressor "
            "asks for a regressor. Return a regressor from `build`, such as RandomForestRegressor;",
            id="forest",
        ),
        pytest.param(
            Pipeline([("scale", StandardScaler()), ("model", RidgeClassifier())]),
            "returns RidgeClassifier, a classifier, and make_regressor asks for a regressor. "
            "Return a regressor from `build`; or call make_classifier in `train`, and write",
            id="pipeline",
        ),
        pytest.param(CatBoostClassifier(), "such as CatBoostRegressor;", id="booster"),
    ],
)
def test_a_default_of_the_other_task_is_rejected_with_its_function(
    built: Any, complaint: str
) -> None:
    def build(*_: object) -> Any:
        return built

    with pytest.raises(TrainingError, match=re.escape(complaint)):
        make_regressor(EstimatorOptions(), 7, default=build)
    assert make_classifier(EstimatorOptions(), 7, default=build) is built


@pytest.mark.parametrize("built", [IsolationForest(), make_pipeline(StandardScaler(), KMeans())])
def test_what_learns_no_target_is_of_neither_task(built: Any) -> None:
    for make in (make_classifier, make_regressor):
        with pytest.raises(TrainingError, match=r"which finds outliers or clusters; return a "):
            make(EstimatorOptions(), 7, default=lambda *_: built)


def test_a_parameter_replaces_the_default() -> None:
    assert make_classifier(options("RandomForestClassifier", random_state=3), 7).random_state == 3
    assert make_regressor(options("LGBMRegressor", n_jobs=2), 7).n_jobs == 2
    assert make_regressor(options("LGBMRegressor", bagging_fraction=0.5), 7)
    assert make_regressor(options("CatBoostRegressor", random_seed=3), 7).get_params() == {
        **{"random_seed": 3, "thread_count": 1, "verbose": False, "allow_writing_files": False},
        "loss_function": "RMSE",
    }


@pytest.mark.parametrize(
    ("name", "scaled"),
    [
        ("LogisticRegression", True),
        ("SVC", True),
        ("KNeighborsClassifier", True),
        ("MLPClassifier", True),
        ("RandomForestClassifier", False),
        ("HistGradientBoostingClassifier", False),
        ("GaussianNB", False),
        ("XGBClassifier", False),
        ("LGBMClassifier", False),
    ],
)
def test_columns_are_scaled_before_what_measures_them_and_not_before_trees(
    name: str, scaled: bool
) -> None:
    estimator = make_classifier(options(name), 1)
    assert isinstance(estimator, Pipeline) == scaled
    if scaled:
        assert isinstance(estimator.steps[0][1], StandardScaler)


@pytest.mark.parametrize(
    ("name", "parameters", "exact"),
    [
        ("HistGradientBoostingRegressor", {"loss": "absolute_error", "max_iter": 5}, True),
        ("HistGradientBoostingRegressor", {"loss": "poisson", "max_iter": 5}, False),
        ("KNeighborsRegressor", {"metric": "manhattan"}, True),
        ("KNeighborsRegressor", {"weights": "distance"}, False),
        ("CatBoostRegressor", {"loss_function": "MAE", "iterations": 5}, True),
        ("CatBoostRegressor", {"loss_function": "Poisson", "iterations": 5}, False),
        ("LGBMRegressor", {"objective": "tweedie", "n_estimators": 5}, True),
        ("LGBMRegressor", {"linear_tree": True, "n_estimators": 5}, False),
        ("XGBRegressor", {"objective": "count:poisson", "n_estimators": 5}, True),
        ("XGBRegressor", {"objective": "reg:tweedie", "n_estimators": 5}, True),
        ("XGBRegressor", {"objective": "reg:tweedie", "tweedie_variance_power": 1.3}, True),
        ("XGBRegressor", {"objective": "reg:quantileerror", "quantile_alpha": 0.8}, True),
        ("XGBRegressor", {"objective": "reg:pseudohubererror", "huber_slope": 2.0}, True),
    ],
    ids=str,
)
def test_parameters_are_exact_or_refused_as_the_page_says(
    name: str, parameters: dict[str, Any], exact: bool
) -> None:
    table = make_table()
    estimator = make_regressor(EstimatorOptions(estimator=name, parameters=parameters), 1)
    assert (compare(table, estimator, pipeline.encode_columns(table)) <= 1e-5) == exact


@pytest.mark.parametrize(
    ("name", "parameters", "form"),
    [
        ("XGBRegressor", {"monotone_constraints": {"x": 1}}, '"(1,0,-1)"'),
        ("XGBRegressor", {"monotone_constraints": [1, 0]}, '"(1,0,-1)"'),
        ("LGBMRegressor", {"monotone_constraints": {"x": 1}}, "[1, 0, -1]"),
        ("CatBoostRegressor", {"monotone_constraints": {"x": 1}}, "[1, 0, -1]"),
        ("HistGradientBoostingRegressor", {"monotonic_cst": {"x": 1}}, "[1, 0, -1]"),
    ],
)
def test_directions_of_columns_by_name_are_rejected(
    name: str, parameters: dict[str, Any], form: str
) -> None:
    (key,) = parameters
    with pytest.raises(ConfigurationError) as caught:
        make_regressor(EstimatorOptions(estimator=name, parameters=parameters), 1)
    assert f"{key} of {name} is stated by position, such as {form}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "directions"),
    [("XGBRegressor", "(1,0)"), ("CatBoostRegressor", {"0": 1}), ("LGBMRegressor", [1, 0])],
)
def test_directions_of_columns_by_position_are_taken(name: str, directions: Any) -> None:
    options = EstimatorOptions(estimator=name, parameters={"monotone_constraints": directions})
    assert make_regressor(options, 1).get_params()["monotone_constraints"] == directions


@pytest.mark.parametrize("name", ["RidgeClassifier", "LinearSVC", "SVC", "SGDClassifier"])
def test_a_classifier_without_probabilities_is_calibrated(name: str) -> None:
    (_, _), (_, estimator) = make_classifier(options(name), 1).steps
    assert isinstance(estimator, CalibratedClassifierCV)
    assert (type(estimator.estimator).__name__, estimator.method) == (name, "sigmoid")


def test_one_with_probabilities_is_not_calibrated() -> None:
    (_, _), (_, estimator) = make_classifier(options("SGDClassifier", loss="log_loss"), 1).steps
    assert estimator.loss == "log_loss"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        pytest.param(
            "HistGradientBoosting",
            "no classifier 'HistGradientBoosting'; did you mean HistGradientBoostingClassifier",
            id="a part of the name",
        ),
        pytest.param(
            "lgbmclassifier", "no classifier 'lgbmclassifier'; did you mean LGBM", id="its case"
        ),
        pytest.param("x" * 5_000, f"no classifier '{60 * 'x'}'. It is the name", id="a long one"),
        pytest.param(
            "Ridge", "'Ridge' is a regressor, and model.py makes a classifier", id="a task"
        ),
        pytest.param(
            "sklearn.svm.LinearSVR", "is a regressor, and model.py makes", id="a dotted name"
        ),
        pytest.param("XGBRegressor", "'XGBRegressor' is a regressor", id="a booster's task"),
        pytest.param(
            "StackingClassifier",
            "StackingClassifier needs estimators, which a file cannot state; return it from",
            id="one of others",
        ),
    ],
)
def test_a_name_that_is_no_class_is_rejected_with_close_ones(name: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(complaint)) as raised:
        make_classifier(options(name), 1)
    assert len(str(raised.value)) < 300
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "parameter", "complaint"),
    [
        ("RandomForestClassifier", "n_estimator", "'n_estimator'; did you mean n_estimators"),
        ("XGBClassifier", "trees", "XGBClassifier has no parameter 'trees'. It has "),
        ("LGBMClassifier", "min_child_sample", "did you mean min_child_samples"),
        ("CatBoostClassifier", "iteration", "did you mean iterations"),
    ],
)
def test_an_unknown_parameter_is_rejected_with_those_that_there_are(
    name: str, parameter: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(complaint)) as raised:
        make_classifier(options(name, **{parameter: 1}), 1)
    assert len(str(raised.value)) < 600


def test_a_package_that_is_not_installed_is_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(estimator_classes, "import_module", find)
    message = re.escape(
        "add lightgbm to those in the brackets behind modelserve in `training`, then run "
        "`uvx nox -s lock` and `uvx nox -s dev`."
    )
    with pytest.raises(TrainingError, match=message):
        make_classifier(options("LGBMClassifier"), 1)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"parameters": {"C": 1}}, "parameters needs estimator"),
        ({"estimator": "SVC", "C": 2.0}, "keys of parameters, as in parameters = { C = ... }"),
    ],
)
def test_keys_that_would_be_ignored_are_rejected(
    families: Any, given: dict[str, Any], complaint: str
) -> None:
    own = import_module(f"{families('iris').package}.model").Options
    with pytest.raises(ValidationError, match=re.escape(complaint)):
        own(**given)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("HistGradientBoostingClassifier", {"max_iter": 5, "class_weight": "balanced"}),
        ("RandomForestClassifier", {"n_estimators": 5}),
        ("LGBMClassifier", {"n_estimators": 5}),
        ("CatBoostClassifier", {"iterations": 5}),
        ("RidgeClassifier", {}),
        ("XGBClassifier", {"n_estimators": 5}),
    ],
)
def test_each_family_trains_any_estimator_and_gives_the_same_graph_again(
    model: ModuleType, name: str, parameters: dict[str, Any]
) -> None:
    table = make_table("classifier")
    given = model.Options(estimator=name, parameters=parameters)

    first, second = (model.train(table, given, 1) for _ in range(2))

    assert first.files[MODEL] == second.files[MODEL]
    assert first.labels == ("a", "b", "c")
    outputs = parity.run_graph(first.files, table)
    parity.compare(first.native(table), outputs, tolerance=1e-5)


def test_a_table_with_gaps_and_categories_is_trained_and_served(
    family: Family, tmp_path: Path, make_client: Any
) -> None:
    table = make_table("classifier")
    table.rows.assign(label=table.target).to_csv(tmp_path / "rows.csv", index=False)
    config = load_config(family.root / "config" / "training.toml", family.project.options)
    section = config.data.model_copy(update={"path": tmp_path / "rows.csv", "target": "label"})
    gate = config.gate.model_copy(update={"minimum": {}, "maximum": {}})
    given = family.project.options(
        estimator="HistGradientBoostingClassifier", parameters={"max_iter": 5}
    )
    changed = config.model_copy(update={"data": section, "gate": gate, "model": given})

    made = train(family.project, changed, tmp_path / "model").artifact

    model = OnnxModel(made.paths[MODEL])
    assert model.run(table.tensors()).shape == (len(table), 3)
    client: TestClient = make_client(model_dir=made.folder)
    for case in made.read_json("golden.json")[:3]:
        answer = client.post("/predict", json={"instances": [case["input"]]}).json()
        assert answer["predictions"][0]["label"] in ("a", "b", "c")


def test_a_fit_that_fails_is_one_line() -> None:
    table = make_table()
    negative = Table(table.rows, -table.target)
    steps = pipeline.encode_columns(negative)
    estimator = make_regressor(options("PoissonRegressor"), 1)
    message = r"^PoissonRegressor cannot be fitted: .*y.*\.$"
    with pytest.raises(TrainingError, match=message) as raised:
        compare(negative, estimator, steps)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("estimator", "complaint"),
    [
        (options("LogisticRegression", C=-1), "LogisticRegression cannot be fitted: The 'C' param"),
        (options("LGBMClassifier", objective="none such"), "LGBMClassifier cannot be fitted: "),
        (options("CatBoostClassifier", depth=99), "CatBoostClassifier cannot be fitted: "),
        (options("XGBClassifier", booster="none such"), "XGBClassifier cannot be fitted: "),
    ],
    ids=lambda each: getattr(each, "estimator", ""),
)
def test_parameters_that_do_not_suit_are_one_line(
    estimator: EstimatorOptions, complaint: str
) -> None:
    table = make_table("classifier")
    with pytest.raises(TrainingError, match=f"^{complaint}") as raised:
        compare(table, make_classifier(estimator, 1), pipeline.encode_columns(table))
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)


def test_missing_numbers_without_imputation_are_one_line() -> None:
    table = make_table("classifier")
    steps = pipeline.encode_columns(table, impute=False)
    message = "^LogisticRegression cannot be fitted: Input X contains NaN"
    with pytest.raises(TrainingError, match=message):
        compare(table, make_classifier(options("LogisticRegression"), 1), steps)


def test_an_estimator_that_does_not_converge_is_a_warning_of_the_model() -> None:
    table = make_table("classifier")
    estimator = make_classifier(options("MLPClassifier", max_iter=2), 1)
    fitted = pipeline.fit_pipeline(table, pipeline.encode_columns(table), estimator)
    (warning,) = pipeline.export_pipeline(fitted, table).warnings
    assert warning.startswith("The estimator did not converge: ")
    assert "\n" not in warning


def test_trees_agree_at_their_split_points() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=100).astype(np.float32)
    neighbours = np.nextafter(values, np.float32(9))
    rows = pd.DataFrame({"x": np.concatenate([values, neighbours])})
    table = Table(rows, pd.Series(np.tile([0.0, 1.0], (100, 1)).T.ravel()))
    for name, parameters in (
        ("HistGradientBoostingRegressor", {"max_iter": 10, "min_samples_leaf": 1}),
        ("LGBMRegressor", {"n_estimators": 10, "min_child_samples": 1}),
        ("RandomForestRegressor", {"n_estimators": 10}),
    ):
        assert compare(table, make_regressor(options(name, **parameters), 1), []) < 1e-5


def test_a_forest_in_a_project_of_xgboost_sees_medians(families: Any) -> None:
    model = import_module(f"{families('iris_xgboost').package}.model")
    table = make_table("two")
    exported = model.train(table, model.Options(estimator="RandomForestClassifier"), 1)
    parity.compare(exported.native(table), parity.run_graph(exported.files, table), tolerance=1e-5)
    assert exported.libraries[0] == "scikit-learn"


def test_a_model_of_ones_own_may_be_any(families: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = import_module(f"{families('iris_xgboost').package}.model")
    monkeypatch.setattr(model, "build", lambda *_: RandomForestClassifier(5, random_state=1))
    table = make_table("two")
    assert model.train(table, model.Options(), 1).labels == ("no", "yes")

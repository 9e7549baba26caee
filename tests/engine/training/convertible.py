"""Try which estimators and steps become an ONNX graph that answers alike: the table in the docs."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from modelserve import EstimatorOptions, make_classifier, make_regressor
from modelserve.errors import ServiceError
from modelserve.training import parity, requirements
from modelserve.training.table import pipeline
from modelserve.training.table.estimator_classes import EXTRAS, list_classes, required_arguments
from modelserve.training.table.table import Table
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier

from tests.engine.families import LIBRARY

PAGE = LIBRARY / "docs" / "estimators.md"
TABLE = re.compile(r"(?<=<!-- tried -->\n).*?(?=<!-- end -->)", re.S)
TOLERANCE = 1e-5  # of the largest output
ROWS = 90
FEW: dict[str, dict[str, Any]] = {
    "CatBoostClassifier": {"iterations": 5},
    "CatBoostRegressor": {"iterations": 5},
    "LogisticRegressionCV": {"Cs": 2, "cv": 3},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "TheilSenRegressor": {"max_subpopulation": 20},
}


def make_table(target: str = "regressor") -> Table:
    """Return rows with gaps, a category and a target that they determine."""
    random = np.random.default_rng(7)
    town = random.choice(["Łódź", "São Paulo", "Besançon"], ROWS).astype(object)
    rows = pd.DataFrame(
        {
            "town": town,
            "length (cm)": random.normal(size=ROWS),
            "rooms": random.integers(1, 9, ROWS).astype(float),
            "area": random.uniform(10, 1000, ROWS),
        }
    )
    value = np.exp(0.3 * rows["length (cm)"] + 0.1 * rows["rooms"] + 0.5 * (town == "São Paulo"))
    for i, name in enumerate(rows):
        rows.loc[i::9, name] = None
    if target == "regressor":
        return Table(rows, value)
    labels = ["a", "b", "c"] if target == "classifier" else ["no", "yes"]
    return Table(rows, pd.Series(pd.qcut(value, len(labels), labels=labels).astype(str)))


def parameters_of(name: str) -> dict[str, Any]:
    """Return parameters with which an estimator is fitted fast."""
    if name in FEW:
        return FEW[name]
    if name.startswith("HistGradientBoosting"):
        return {"max_iter": 5}
    if name.startswith("LGBM"):
        return {"n_estimators": 5, "min_child_samples": 5}
    forests = ("AdaBoost", "Bagging", "ExtraTreesC", "ExtraTreesR", "Gradient", "Random", "XGB")
    return {"n_estimators": 5} if name.startswith(forests) else {}


def compare(table: Table, estimator: Any, steps: pipeline.Steps) -> float:
    """Return the largest difference between an estimator and its graph, relative to the outputs.

    Raises:
        TrainingError: it cannot be fitted or converted.
    """
    fitted = pipeline.fit_pipeline(table, steps, estimator)
    exported = pipeline.export_pipeline(fitted, table)
    requirements.check_unseen(exported, table)
    native = exported.native(table)  # type: ignore[misc]
    outputs = parity.run_graph(exported.files, table)
    assert native.shape == outputs.shape
    return float(np.abs(native - outputs).max() / np.abs(native).max())


def try_estimator(name: str, task: str) -> str:
    """Return an empty text if an estimator converts, or why not."""
    make = make_classifier if task == "classifier" else make_regressor

    def difference(table: Table) -> float:
        estimator = make(EstimatorOptions(estimator=name, parameters=parameters_of(name)), 1)
        impute = name not in EXTRAS
        return compare(table, estimator, pipeline.encode_columns(table, impute=impute))

    targets = ("classifier", "two") if task == "classifier" else ("regressor",)
    return _verdict(lambda: max(difference(make_table(target)) for target in targets))


def numbers(*steps: Any) -> ColumnTransformer:
    """Return steps for the columns of numbers, once gaps are filled."""
    names = ["length (cm)", "rooms", "area"]
    return ColumnTransformer([("numbers", make_pipeline(SimpleImputer(), *steps), names)])


def category(*steps: Any) -> ColumnTransformer:
    """Return steps for the column of categories."""
    return ColumnTransformer([("town", make_pipeline(*steps), ["town"])])


def text(step: Any) -> ColumnTransformer:
    """Return a step for the column of categories as texts."""
    return ColumnTransformer([("town", step, "town")])


# Estimators that `build` in model.py returns.
BUILT: dict[str, Callable[[], Any]] = {
    'CalibratedClassifierCV(method="isotonic")': lambda: CalibratedClassifierCV(
        GaussianNB(), method="isotonic", cv=3
    ),
    "CalibratedClassifierCV(RandomForestClassifier())": lambda: CalibratedClassifierCV(
        RandomForestClassifier(5, random_state=1), cv=3
    ),
    "CalibratedClassifierCV(LGBMClassifier())": lambda: CalibratedClassifierCV(
        LGBMClassifier(n_estimators=5, min_child_samples=5, random_state=1, verbose=-1), cv=3
    ),
    "CalibratedClassifierCV(XGBClassifier())": lambda: CalibratedClassifierCV(
        XGBClassifier(n_estimators=5, random_state=1), cv=3
    ),
    "OneVsOneClassifier": lambda: OneVsOneClassifier(LogisticRegression()),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(LogisticRegression()),
    "OutputCodeClassifier": lambda: OutputCodeClassifier(LogisticRegression()),
    "StackingClassifier": lambda: StackingClassifier(
        [("forest", RandomForestClassifier(5, random_state=1)), ("bayes", GaussianNB())], cv=3
    ),
    "StackingClassifier(passthrough=True)": lambda: StackingClassifier(
        [("forest", RandomForestClassifier(5, random_state=1)), ("bayes", GaussianNB())],
        cv=3,
        passthrough=True,
    ),
    'VotingClassifier(voting="soft")': lambda: VotingClassifier(
        [("tree", DecisionTreeClassifier(max_depth=3)), ("bayes", GaussianNB())],
        voting="soft",
        weights=[2, 1],
    ),
    "StackingRegressor": lambda: StackingRegressor(
        [("forest", RandomForestRegressor(5, random_state=1)), ("ridge", Ridge())], cv=3
    ),
    "TransformedTargetRegressor(func=np.log1p)": lambda: TransformedTargetRegressor(
        Ridge(), func=np.log1p, inverse_func=np.expm1
    ),
    "TransformedTargetRegressor(func=np.sqrt)": lambda: TransformedTargetRegressor(
        Ridge(), func=np.sqrt, inverse_func=np.square
    ),
    "TransformedTargetRegressor(transformer=StandardScaler())": lambda: TransformedTargetRegressor(
        Ridge(), transformer=StandardScaler()
    ),
    "VotingRegressor": lambda: VotingRegressor(
        [("tree", DecisionTreeRegressor(max_depth=3)), ("ridge", Ridge())], weights=[2, 1]
    ),
}


def try_built(name: str) -> str:
    """Return an empty text if an estimator that takes others converts, or why not."""
    estimator = BUILT[name]()
    table = make_table("classifier" if is_classifier(estimator) else "regressor")
    return _verdict(lambda: compare(table, estimator, pipeline.encode_columns(table)))


STEPS: dict[str, Callable[[], ColumnTransformer]] = {
    "Binarizer": lambda: numbers(Binarizer()),
    "CountVectorizer": lambda: text(CountVectorizer()),
    "FunctionTransformer(np.abs)": lambda: numbers(FunctionTransformer(np.abs)),
    "FunctionTransformer(np.sign)": lambda: numbers(FunctionTransformer(np.sign)),
    "FunctionTransformer, then np.log1p": lambda: numbers(
        MinMaxScaler(), FunctionTransformer(np.log1p)
    ),
    "KBinsDiscretizer": lambda: numbers(
        KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf")
    ),
    "KNNImputer": lambda: ColumnTransformer(
        [("numbers", KNNImputer(), ["length (cm)", "rooms", "area"])]
    ),
    "MaxAbsScaler": lambda: numbers(MaxAbsScaler()),
    "MinMaxScaler": lambda: numbers(MinMaxScaler()),
    "Normalizer": lambda: numbers(Normalizer()),
    "OneHotEncoder": lambda: category(OneHotEncoder()),
    'OneHotEncoder(handle_unknown="ignore")': lambda: category(
        OneHotEncoder(handle_unknown="ignore")
    ),
    'OneHotEncoder(drop="first", handle_unknown="ignore")': lambda: category(
        OneHotEncoder(drop="first", handle_unknown="ignore")
    ),
    "OneHotEncoder(min_frequency)": lambda: category(
        OneHotEncoder(min_frequency=15, handle_unknown="infrequent_if_exist")
    ),
    "OrdinalEncoder": lambda: category(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    ),
    "PCA": lambda: numbers(StandardScaler(), PCA(2)),
    "PolynomialFeatures": lambda: numbers(StandardScaler(), PolynomialFeatures(2)),
    "PowerTransformer": lambda: numbers(PowerTransformer()),
    "QuantileTransformer": lambda: numbers(QuantileTransformer(n_quantiles=20)),
    "RobustScaler": lambda: numbers(RobustScaler()),
    "SelectKBest": lambda: numbers(SelectKBest(k=2)),
    "SimpleImputer(add_indicator=True)": lambda: ColumnTransformer(
        [("numbers", SimpleImputer(add_indicator=True), ["length (cm)", "rooms"])]
    ),
    'SimpleImputer(strategy="most_frequent"), of categories': lambda: category(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    ),
    'SimpleImputer(missing_values="", strategy="most_frequent"), of categories': lambda: category(
        SimpleImputer(missing_values="", strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore"),
    ),
    "SplineTransformer": lambda: numbers(SplineTransformer()),
    "StandardScaler": lambda: numbers(StandardScaler()),
    "TargetEncoder": lambda: category(TargetEncoder(random_state=1)),
    "TfidfVectorizer": lambda: text(TfidfVectorizer()),
    "TruncatedSVD": lambda: numbers(StandardScaler(), TruncatedSVD(2)),
    "VarianceThreshold": lambda: numbers(VarianceThreshold()),
}


def try_step(name: str) -> str:
    """Return an empty text if a step before a Ridge converts, or why not."""
    steps = Pipeline([("columns", STEPS[name]()), ("model", Ridge())])
    return _verdict(lambda: compare(make_table(), steps, []))


class Tried(NamedTuple):
    """A row of the table: what was tried, as what, and why it does not convert."""

    name: str
    task: str
    reason: str


def names() -> Iterator[tuple[str, str]]:
    """Yield what is tried, each with its task; "step" for a step before the estimator."""
    for task in ("classifier", "regressor"):
        boosters = [name for name in EXTRAS if name.lower().endswith(task)]
        for name in sorted([*list_classes(task), *boosters]):  # type: ignore[arg-type]
            if name in EXTRAS or not required_arguments(list_classes(task)[name]):  # type: ignore[arg-type]
                yield name, task
    for name in BUILT:
        yield name, "built"
    for name in STEPS:
        yield name, "step"


def attempt(name: str, task: str) -> str:
    """Return an empty text if it converts, or why not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tries = {"built": try_built, "step": try_step}
        return tries[task](name) if task in tries else try_estimator(name, task)


def read_page() -> list[Tried]:
    """Return the table of the page."""
    rows, task = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| (Classifier|Regressor|Built|Step) \|", line):
            task = match[1].lower()
        elif match := re.match(r"\| `(.+?)` \| (yes|no: (.*)) \|$", line):
            rows.append(Tried(match[1], task, match[3] or ""))
    return rows


def renew() -> None:
    """Try everything, and write the page's tables."""
    lines: list[str] = []
    before = ""
    for name, task in names():
        if task != before:
            lines += ["", f"| {task.capitalize()} | Converts |", "|---|---|"]
            before = task
        reason = attempt(name, task)
        lines.append(f"| `{name}` | {f'no: {reason}' if reason else 'yes'} |")
        print(lines[-1], flush=True)
    page = PAGE.read_text(encoding="utf-8")
    text = TABLE.sub(lambda _: "\n".join([*lines, "", ""]), page)
    PAGE.write_text(text, encoding="utf-8", newline="\n")


def _verdict(difference: Callable[[], float]) -> str:
    try:
        found = difference()
    except ServiceError as error:
        message = str(error)
        for start in (" cannot be converted to ONNX: ", " cannot be fitted: ", "estimator: "):
            message = message.partition(start)[2] or message
        message = re.split(r"\. (?:Choose|Leave|Calibrate) | \[", message)[0].rstrip(".")
        message = message.replace("iplemented", "implemented")  # skl2onnx's own slip
        if message.startswith("The graph fails on a category"):
            return "the graph fails on a category that training has not seen"
        return "the graph fails at run time" if "ONNXRuntimeError" in str(error) else message
    return "" if found <= TOLERANCE else "the graph answers otherwise, which parity refuses"

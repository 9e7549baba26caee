"""An estimator's graph has the same bytes in each process, whatever shuffles Python's sets."""

import os
import subprocess
import sys
from typing import Any

import pytest
from modelserve import EstimatorOptions, artifact, make_classifier, make_regressor
from modelserve.training.table import pipeline
from modelserve.training.table.estimator_classes import EXTRAS
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from tests.engine.families import TEMPLATE
from tests.engine.training.convertible import STEPS, make_table, parameters_of

ESTIMATORS = (
    *("LGBMClassifier", "LGBMRegressor", "XGBClassifier", "XGBRegressor"),
    *("CatBoostClassifier", "CatBoostRegressor"),
    *("GradientBoostingClassifier", "KNeighborsRegressor", "LogisticRegression"),
)
KNN_IMPUTER = "KNNImputer"  # its graph has functions
PROGRAM = "from tests.engine.training.test_deterministic_graphs import show; show()"


def export(estimator: Any, target: str, steps: Any) -> bytes:
    """Return the graph of a fitted estimator."""
    table = make_table(target)
    fitted = pipeline.fit_pipeline(table, steps(table), estimator)
    content = pipeline.export_pipeline(fitted, table).files[artifact.MODEL]
    assert isinstance(content, bytes)
    return content


def show() -> None:
    """Print the hash of each graph, in a process of its own."""
    for name in ESTIMATORS:
        target = "classifier" if name.endswith("Classifier") or "Logistic" in name else "regressor"
        make = make_classifier if target == "classifier" else make_regressor
        estimator = make(EstimatorOptions(estimator=name, parameters=parameters_of(name)), 1)
        impute = name not in EXTRAS
        graph = export(
            estimator,
            target,
            lambda table, impute=impute: pipeline.encode_columns(table, impute=impute),
        )
        print(name, artifact.sha256(graph))
    steps = Pipeline([("columns", STEPS[KNN_IMPUTER]()), ("model", Ridge())])
    print(KNN_IMPUTER, artifact.sha256(export(steps, "regressor", lambda _: [])))


@pytest.mark.slow
def test_the_graphs_do_not_depend_on_the_hash_seed() -> None:
    printed = []
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM],
            cwd=TEMPLATE,
            env=os.environ
            | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        )
        printed.append(done.stdout.splitlines())
    assert len(printed[0]) == len(ESTIMATORS) + 1
    assert printed[0] == printed[1] == printed[2]

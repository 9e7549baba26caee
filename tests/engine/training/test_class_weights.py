"""Class weights are the estimator's own parameters, and they reach the model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import EstimatorOptions, Table, export_pipeline, fit_pipeline, make_classifier
from modelserve.training import parity
from modelserve.training.table.pipeline import encode_columns

BALANCED = {"class_weight": "balanced"}
NONE: dict[str, Any] = {}


def table(labels: tuple[Any, Any]) -> Table:
    """Return rows of two overlapping labels, of which the second is rare."""
    generator = np.random.default_rng(0)
    rare = generator.random(600) < 0.1
    frame = pd.DataFrame(
        {
            "x": generator.normal(size=600) + 1.2 * rare,
            "group": generator.choice(["a", "b"], 600),
            "y": np.where(rare, labels[1], labels[0]),
        }
    )
    return Table.from_frame(frame, target="y")


def share_of_rare(dataset: Table, estimator: str, parameters: dict[str, Any]) -> float:
    """Return how many answers of a model are the rare label."""
    options = EstimatorOptions(estimator=estimator, parameters=parameters)
    fitted = fit_pipeline(dataset, encode_columns(dataset), make_classifier(options, 0))
    exported = export_pipeline(fitted, dataset)
    outputs = parity.run_graph(exported.files, dataset)
    return float((outputs.argmax(axis=1) == 1).mean())


@pytest.mark.parametrize(
    ("estimator", "plain", "weighted"),
    [
        pytest.param("LogisticRegression", NONE, BALANCED, id="linear"),
        pytest.param(
            "LogisticRegression",
            NONE,
            {"class_weight": {"no": 1, "yes": 9}},
            id="a table of weights",
        ),
        pytest.param(
            "RandomForestClassifier",
            {"n_estimators": 20, "max_depth": 3},
            {"n_estimators": 20, "max_depth": 3} | BALANCED,
            id="forest",
        ),
        pytest.param(
            "HistGradientBoostingClassifier",
            {"max_iter": 10},
            {"max_iter": 10} | BALANCED,
            id="hist",
        ),
        pytest.param(
            "XGBClassifier",
            {"n_estimators": 10},
            {"n_estimators": 10, "scale_pos_weight": 9},
            id="xgboost",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "LGBMClassifier",
            {"n_estimators": 10},
            {"n_estimators": 10} | BALANCED,
            id="lightgbm",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "LGBMClassifier",
            {"n_estimators": 10},
            {"n_estimators": 10, "class_weight": {"no": 1, "yes": 9}},
            id="a table of weights of lightgbm",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "CatBoostClassifier",
            {"iterations": 10},
            {"iterations": 10, "auto_class_weights": "Balanced"},
            id="catboost",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_rare_label_is_answered_more_often_with_weights(
    estimator: str, plain: dict[str, Any], weighted: dict[str, Any]
) -> None:
    dataset = table(("no", "yes"))
    without, balanced = (share_of_rare(dataset, estimator, each) for each in (plain, weighted))
    assert balanced > without + 0.1


def test_labels_that_are_numbers_are_balanced_too() -> None:
    dataset = table((0, 1))
    assert share_of_rare(dataset, "LogisticRegression", BALANCED) > 0.2

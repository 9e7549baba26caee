"""Columns of any kind reach the estimator, and the graph prepares them as the pipeline does."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from package.artifact import MODEL
from package.training import evaluate, parity, pipeline
from package.training.data import Dataset

ROWS = 60
LIBRARIES = ("scikit-learn",)


def make_table(*, numbers: bool = True, categories: bool = True, gaps: bool = False) -> Dataset:
    """Return rows of a table whose target is a number that its columns tell."""
    random = np.random.default_rng(7)
    columns: dict[str, Any] = {}
    target = np.zeros(ROWS)
    if categories:
        columns["town"] = random.choice(["Łódź", "São Paulo", "Besançon"], ROWS).astype(object)
        target += 5 * (columns["town"] == "São Paulo")
    if numbers:
        columns["length"] = random.normal(size=ROWS)
        columns["rooms"] = random.integers(1, 9, ROWS).astype(float)
        target += columns["length"] + columns["rooms"]
    rows = pd.DataFrame(columns)
    if gaps:
        for i, name in enumerate(rows):
            rows.loc[i::7, name] = None
    return Dataset(rows, pd.Series(target))


TABLES = [
    pytest.param(make_table(categories=False), [], id="numbers"),
    pytest.param(make_table(categories=False, gaps=True), ["numbers"], id="numbers with gaps"),
    pytest.param(make_table(numbers=False), ["categories"], id="categories"),
    pytest.param(make_table(numbers=False, gaps=True), ["categories"], id="categories with gaps"),
    pytest.param(make_table(), ["numbers", "categories"], id="both"),
    pytest.param(make_table(gaps=True), ["numbers", "categories"], id="both with gaps"),
]


def with_labels(dataset: Dataset, *names: str) -> Dataset:
    """Return a table with labels for a target."""
    number = dataset.target.rank(method="first").astype(int) * len(names) // (ROWS + 1)
    return Dataset(dataset.rows, number.map(dict(enumerate(names))))


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
def test_columns_are_prepared_where_an_estimator_could_not_take_them(
    dataset: Dataset, parts: list[str]
) -> None:
    steps = pipeline.prepare(dataset)
    assert [name for _, step in steps for name, *_ in step.transformers] == parts
    if steps:
        Pipeline(steps).fit(pipeline.design(dataset))


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(LinearRegression(), id="linear"),
        pytest.param(make_pipeline(StandardScaler(), LinearRegression()), id="a pipeline"),
        pytest.param(RandomForestRegressor(5, random_state=1), id="forest"),
    ],
)
def test_the_graph_of_a_regressor_answers_as_the_pipeline(
    dataset: Dataset, parts: list[str], estimator: BaseEstimator
) -> None:
    del parts
    fitted = pipeline.fit(dataset, estimator)

    made = pipeline.hand_over(fitted, dataset, labels=(), libraries=LIBRARIES)

    answers = parity.run_graph(made.files, dataset)
    assert answers.shape == (ROWS, 1)
    assert parity.compare(made.native(dataset), answers, tolerance=1e-4) <= 1e-4
    assert (made.labels, made.libraries) == ((), LIBRARIES)


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")], ids=["two", "three"])
def test_the_graph_of_a_classifier_answers_as_the_pipeline(
    dataset: Dataset, parts: list[str], labels: tuple[str, ...]
) -> None:
    del parts
    named = with_labels(dataset, *labels)
    fitted = pipeline.fit(named, make_pipeline(StandardScaler(), LogisticRegression()))

    made = pipeline.hand_over(fitted, named, labels=labels, libraries=LIBRARIES)

    answers = parity.run_graph(made.files, named)
    assert answers.shape == (ROWS, len(labels))
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert parity.compare(made.native(named), answers, tolerance=1e-5) <= 1e-5


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
def test_the_graph_takes_the_tables_arrays_and_gives_the_tasks_one_output(
    dataset: Dataset, parts: list[str]
) -> None:
    del parts
    fitted = pipeline.fit(dataset, LinearRegression())
    made = pipeline.hand_over(fitted, dataset, labels=(), libraries=LIBRARIES)
    graph = onnx.load_from_string(made.files[MODEL]).graph
    assert [each.name for each in graph.input] == list(dataset.feeds())
    assert [each.name for each in graph.output] == [evaluate.OUTPUT]


def test_a_missing_number_counts_as_the_columns_median() -> None:
    dataset = make_table(categories=False, gaps=True)
    fitted = pipeline.fit(dataset, LinearRegression())
    made = pipeline.hand_over(fitted, dataset, labels=(), libraries=LIBRARIES)
    filled = Dataset(dataset.rows.fillna(dataset.rows.median()), dataset.target)
    assert parity.run_graph(made.files, dataset) == pytest.approx(
        parity.run_graph(made.files, filled), abs=1e-4
    )


def test_a_gap_that_no_training_row_has_is_filled_all_the_same() -> None:
    gaps = make_table(gaps=True)
    complete = gaps.take(np.flatnonzero(gaps.rows.notna().all(axis=1)))
    fitted = pipeline.fit(complete, LinearRegression())
    made = pipeline.hand_over(fitted, complete, labels=(), libraries=LIBRARIES)
    answers = parity.run_graph(made.files, gaps)
    assert np.isfinite(answers).all()
    assert parity.compare(made.native(gaps), answers, tolerance=1e-4) <= 1e-4


def test_an_unseen_category_is_none_of_those_that_are_known() -> None:
    dataset = make_table(numbers=False)
    fitted = pipeline.fit(dataset, LinearRegression())
    made = pipeline.hand_over(fitted, dataset, labels=(), libraries=LIBRARIES)
    strange = Dataset(pd.DataFrame({"town": ["Atlantis", "łódź", None]}), dataset.target.head(3))
    answers = parity.run_graph(made.files, strange)
    assert answers.ravel() == pytest.approx([fitted.named_steps["model"].intercept_] * 3, abs=1e-5)
    assert parity.compare(made.native(strange), answers, tolerance=1e-5) <= 1e-5


def test_gaps_are_left_to_an_estimator_that_knows_them() -> None:
    numbers = make_table(categories=False, gaps=True)
    assert not pipeline.prepare(numbers, fill_gaps=False)
    ((_, columns),) = pipeline.prepare(make_table(gaps=True), fill_gaps=False)
    prepared = columns.fit_transform(pipeline.design(make_table(gaps=True)))
    assert np.isnan(prepared[:, :2].astype(float)).any(axis=0).all()

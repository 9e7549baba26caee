"""The ONNX graph encodes columns of every dtype as the scikit-learn pipeline does."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from modelserve.artifact import MODEL
from modelserve.training import graphs, parity
from modelserve.training.table import pipeline
from modelserve.training.table.table import Table
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

ROWS = 60
LIBRARIES = ("scikit-learn",)


def make_table(*, numbers: bool = True, categories: bool = True, missing: bool = False) -> Table:
    """Return rows of a table whose target is a number that its columns determine."""
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
    if missing:
        for i, name in enumerate(rows):
            rows.loc[i::7, name] = None
    return Table(rows, pd.Series(target))


TABLES = [
    pytest.param(make_table(categories=False), [], id="numbers"),
    pytest.param(
        make_table(categories=False, missing=True), ["numbers"], id="numbers with missing values"
    ),
    pytest.param(make_table(numbers=False), ["categories"], id="categories"),
    pytest.param(
        make_table(numbers=False, missing=True), ["categories"], id="categories with missing values"
    ),
    pytest.param(make_table(), ["numbers", "categories"], id="both"),
    pytest.param(
        make_table(missing=True), ["numbers", "categories"], id="both with missing values"
    ),
]


def fit(dataset: Table, estimator: BaseEstimator) -> Pipeline:
    """Return an estimator fitted behind the encoded columns."""
    return pipeline.fit_pipeline(dataset, pipeline.encode_columns(dataset), estimator)


def with_labels(dataset: Table, *names: str) -> Table:
    """Return a table with labels for a target."""
    number = dataset.target.rank(method="first").astype(int) * len(names) // (ROWS + 1)
    return Table(dataset.rows, number.map(dict(enumerate(names))))


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
def test_columns_are_encoded_where_an_estimator_could_not_take_them(
    dataset: Table, parts: list[str]
) -> None:
    steps = pipeline.encode_columns(dataset)
    assert [name for _, step in steps for name, *_ in step.transformers] == parts
    if steps:
        Pipeline(steps).fit(pipeline.design_matrix(dataset))


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
    dataset: Table, parts: list[str], estimator: BaseEstimator
) -> None:
    del parts
    fitted = fit(dataset, estimator)

    exported = pipeline.export_pipeline(fitted, dataset, labels=(), libraries=LIBRARIES)

    answers = parity.run_graph(exported.files, dataset)
    assert answers.shape == (ROWS, 1)
    assert parity.compare(exported.native(dataset), answers, tolerance=1e-4) <= 1e-4
    assert (exported.labels, exported.libraries) == ((), LIBRARIES)


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")], ids=["two", "three"])
def test_the_graph_of_a_classifier_answers_as_the_pipeline(
    dataset: Table, parts: list[str], labels: tuple[str, ...]
) -> None:
    del parts
    named = with_labels(dataset, *labels)
    fitted = fit(named, make_pipeline(StandardScaler(), LogisticRegression()))

    exported = pipeline.export_pipeline(fitted, named, labels=labels, libraries=LIBRARIES)

    answers = parity.run_graph(exported.files, named)
    assert answers.shape == (ROWS, len(labels))
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert parity.compare(exported.native(named), answers, tolerance=1e-5) <= 1e-5


@pytest.mark.parametrize(("dataset", "parts"), TABLES)
def test_the_graph_takes_the_tables_tensors_and_gives_one_output(
    dataset: Table, parts: list[str]
) -> None:
    del parts
    fitted = fit(dataset, LinearRegression())
    exported = pipeline.export_pipeline(fitted, dataset, labels=(), libraries=LIBRARIES)
    graph = onnx.load_from_string(exported.files[MODEL]).graph
    assert [each.name for each in graph.input] == list(dataset.tensors())
    assert [each.name for each in graph.output] == [graphs.VALUE]


def test_a_missing_number_is_imputed_by_the_columns_median() -> None:
    dataset = make_table(categories=False, missing=True)
    fitted = fit(dataset, LinearRegression())
    exported = pipeline.export_pipeline(fitted, dataset, labels=(), libraries=LIBRARIES)
    filled = Table(dataset.rows.fillna(dataset.rows.median()), dataset.target)
    assert parity.run_graph(exported.files, dataset) == pytest.approx(
        parity.run_graph(exported.files, filled), abs=1e-4
    )


def test_a_value_missing_in_no_training_row_is_imputed_too() -> None:
    incomplete = make_table(missing=True)
    complete = incomplete.take(np.flatnonzero(incomplete.rows.notna().all(axis=1)))
    fitted = fit(complete, LinearRegression())
    exported = pipeline.export_pipeline(fitted, complete, labels=(), libraries=LIBRARIES)
    answers = parity.run_graph(exported.files, incomplete)
    assert np.isfinite(answers).all()
    assert parity.compare(exported.native(incomplete), answers, tolerance=1e-4) <= 1e-4


@pytest.mark.parametrize("missing", [True, False], ids=["missing values", "complete"])
def test_encoded_columns_are_numbers_for_any_step_that_follows(missing: bool) -> None:
    table = make_table(missing=missing)
    dataset = Table(table.rows.assign(length=table.rows["length"].abs()), table.target)
    steps = [*pipeline.encode_columns(dataset), ("log", FunctionTransformer(np.log1p))]
    fitted = pipeline.fit_pipeline(dataset, steps, LinearRegression())
    exported = pipeline.export_pipeline(fitted, dataset)
    answers = parity.run_graph(exported.files, dataset)
    assert exported.native
    assert parity.compare(exported.native(dataset), answers, tolerance=1e-4) <= 1e-4


def test_an_unseen_category_is_encoded_as_zeros() -> None:
    dataset = make_table(numbers=False)
    fitted = fit(dataset, LinearRegression())
    exported = pipeline.export_pipeline(fitted, dataset, labels=(), libraries=LIBRARIES)
    strange = Table(pd.DataFrame({"town": ["Atlantis", "łódź", None]}), dataset.target.head(3))
    answers = parity.run_graph(exported.files, strange)
    assert answers.ravel() == pytest.approx([fitted.named_steps["model"].intercept_] * 3, abs=1e-5)
    assert parity.compare(exported.native(strange), answers, tolerance=1e-5) <= 1e-5


def test_without_imputation_missing_numbers_reach_the_estimator() -> None:
    numbers = make_table(categories=False, missing=True)
    assert not pipeline.encode_columns(numbers, impute=False)
    ((_, columns),) = pipeline.encode_columns(make_table(missing=True), impute=False)
    prepared = columns.fit_transform(pipeline.design_matrix(make_table(missing=True)))
    assert np.isnan(prepared[:, :2].astype(float)).any(axis=0).all()

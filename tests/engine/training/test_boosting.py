"""Boosting stops early on the validation rows, and its graph holds the best rounds only."""

from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve.errors import TrainingError
from modelserve.training import parity
from modelserve.training.table import boosting, pipeline
from modelserve.training.table.boosting import BoostingOptions
from modelserve.training.table.table import Table
from pydantic import ValidationError
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier, XGBModel, XGBRegressor

RANDOM = np.random.default_rng(9)
X = RANDOM.normal(size=(200, 3))
# Half of the target is noise: after some rounds, boosting overfits it.
Y = X[:, 0] + RANDOM.normal(size=200)
DATASET = Table(pd.DataFrame(X, columns=["a", "b", "c"]), pd.Series(Y))
OPTIONS = BoostingOptions(n_estimators=400, early_stopping_rounds=7)


class FakeBooster:
    """Keep the rows to fit and the validation rows instead of boosting."""

    given: tuple[np.ndarray, np.ndarray]

    def fit(self, rows: Any, y: Any, *, eval_set: Any, verbose: bool) -> None:
        """Keep both."""
        assert not verbose
        assert (len(rows), len(eval_set[0][0])) == (len(y), len(eval_set[0][1]))
        self.given = (rows, eval_set[0][0])


def encode(dataset: Table) -> pipeline.Steps:
    """Return the steps before a booster."""
    return pipeline.encode_columns(dataset, impute=False)


def fit(
    dataset: Table = DATASET,
    kind: type[XGBModel] = XGBRegressor,
    options: BoostingOptions = OPTIONS,
    seed: int = 1,
) -> Pipeline:
    """Return a booster that was fitted to numbers, or to whether they are above zero."""
    y = dataset.target.to_numpy(dtype=np.float32)
    if kind is XGBClassifier:
        y = (y > 0).astype(int)
    return boosting.fit_boosting(
        dataset, encode(dataset), y, kind(**options.booster_parameters(seed)), options, seed
    )


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_boosting_stops_early_after_the_best_round(kind: type[XGBModel]) -> None:
    booster = fit(kind=kind).named_steps["model"]
    rounds = booster.get_booster().num_boosted_rounds()
    assert rounds < OPTIONS.n_estimators
    assert rounds == booster.best_iteration + 1 + OPTIONS.early_stopping_rounds


def test_the_best_round_has_the_least_loss_on_the_validation_rows() -> None:
    booster = fit().named_steps["model"]
    losses = booster.evals_result()["validation_0"]["rmse"]
    assert booster.best_iteration == int(np.argmin(losses))
    assert losses[-1] > min(losses)


def test_without_early_stopping_all_rounds_are_boosted() -> None:
    options = BoostingOptions(n_estimators=30, early_stopping_rounds=30)
    booster = fit(options=options).named_steps["model"]
    assert booster.get_booster().num_boosted_rounds() == 30


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_the_graph_has_the_best_rounds_and_no_later_one(kind: type[XGBModel]) -> None:
    fitted = fit(kind=kind)
    labels = ("no", "yes") if kind is XGBClassifier else ()
    boosting.register_converters()

    exported = pipeline.export_pipeline(fitted, DATASET, labels=labels, libraries=())

    answers = parity.run_graph(exported.files, DATASET)
    parity.compare(exported.native(DATASET), answers, tolerance=1e-4)
    booster = fitted.named_steps["model"]
    ask = booster.predict_proba if labels else booster.predict
    rounds = (0, booster.get_booster().num_boosted_rounds())
    every = ask(X.astype(np.float32), iteration_range=rounds).reshape(answers.shape)
    assert np.abs(every - answers).max() > 0.01


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_one_seed_gives_one_model_and_another_validates_on_other_rows(kind: type[XGBModel]) -> None:
    first, second, third = (
        fit(kind=kind, seed=seed).named_steps["model"].get_booster().save_raw()
        for seed in (1, 1, 2)
    )
    assert first == second != third


def split_rows(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices to fit and to validate with."""
    booster: Any = FakeBooster()
    dataset = Table(rows, DATASET.target)
    boosting.fit_boosting(dataset, encode(dataset), Y.astype(np.float32), booster, OPTIONS, 1)
    given: tuple[np.ndarray, np.ndarray] = booster.given
    return given


def test_each_row_is_fitted_or_validates() -> None:
    fitted, validation = split_rows(DATASET.rows)
    assert len(validation) == round(OPTIONS.validation_fraction * len(Y))
    assert sorted([*fitted[:, 0], *validation[:, 0]]) == sorted(X[:, 0].astype(np.float32))


def test_missing_values_stay_missing() -> None:
    incomplete = DATASET.rows.mask(X > 1)
    for rows in (incomplete, incomplete.assign(town="Łódź")):
        fitted, validation = split_rows(rows)
        missing = np.isnan(fitted).sum() + np.isnan(validation).sum()
        assert missing == (X > 1).sum()


def test_categories_of_validation_rows_alone_are_unknown() -> None:
    _, validation = split_rows(DATASET.rows)
    alone = DATASET.rows["a"].astype(np.float32) == validation[0, 0]
    towns = np.where(alone, "Atlantis", np.where(X[:, 1] > 0, "Łódź", "São Paulo"))
    fitted, again = split_rows(DATASET.rows[["a"]].assign(town=towns))
    assert fitted.shape[1] == again.shape[1] == 3  # a number, and two towns
    assert again[0].tolist() == [validation[0, 0], 0, 0]


def test_missing_values_and_categories_reach_the_graph() -> None:
    rows = pd.DataFrame({"a": X[:, 0], "town": np.where(X[:, 1] > 0, "Łódź", "São Paulo")})
    rows.loc[::4, "a"] = None
    rows.loc[1::9, "town"] = None
    target = pd.Series(np.where(rows["a"].isna(), 9.0, 0) + 3 * (rows["town"] == "Łódź"))
    dataset = Table(rows, target)
    fitted = fit(dataset)
    boosting.register_converters()

    exported = pipeline.export_pipeline(fitted, dataset, labels=(), libraries=())

    answers = parity.run_graph(exported.files, dataset)
    parity.compare(exported.native(dataset), answers, tolerance=1e-4)
    assert answers[:, 0] == pytest.approx(target.to_numpy(), abs=0.5)


def test_an_unseen_category_has_an_answer() -> None:
    rows = pd.DataFrame({"a": X[:, 0], "town": np.where(X[:, 1] > 0, "Łódź", "São Paulo")})
    fitted = fit(Table(rows, DATASET.target))
    boosting.register_converters()
    exported = pipeline.export_pipeline(
        fitted, Table(rows, DATASET.target), labels=(), libraries=()
    )
    strange = Table(rows.assign(town="Atlantis"), DATASET.target)
    answers = parity.run_graph(exported.files, strange)
    assert np.isfinite(answers).all()
    parity.compare(exported.native(strange), answers, tolerance=1e-4)


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
@pytest.mark.parametrize("with_categories", [True, False], ids=["categories", "numbers"])
def test_columns_are_selected_by_name(kind: type[XGBModel], with_categories: bool) -> None:
    rows = DATASET.rows.assign(town=np.where(X[:, 1] > 0, "Łódź", "São Paulo"))
    target = (
        DATASET.target
        if kind is XGBRegressor
        else (DATASET.target > 0).map({True: "y", False: "n"})
    )
    dataset = Table(rows if with_categories else DATASET.rows, target)
    parts: list[Any] = [("scaled", StandardScaler(), ["b", "a"])]
    if with_categories:
        parts.append(("towns", OneHotEncoder(sparse_output=False), ["town"]))

    exported = boosting.train_boosting(
        dataset,
        [("columns", ColumnTransformer(parts))],
        kind(**OPTIONS.booster_parameters(1)),
        OPTIONS,
        1,
    )

    assert exported.native
    answers = parity.run_graph(exported.files, dataset)
    parity.compare(exported.native(dataset), answers, tolerance=1e-5)
    assert answers.std() > 0.1


def test_a_step_may_learn_from_the_target() -> None:
    steps = [("best", SelectKBest(f_regression, k=1))]
    booster = XGBRegressor(**OPTIONS.booster_parameters(1))
    fitted = boosting.fit_boosting(DATASET, steps, Y.astype(np.float32), booster, OPTIONS, 1)
    assert fitted.named_steps["best"].get_support().tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        pytest.param(
            [*["a", "b"] * 30, "rare"],
            ': "rare" has a single one, and a label needs two',
            id="a label",
        ),
        pytest.param([*["a", "b"] * 9, 7, 8], '"7", "8" have a single one each, and', id="two"),
        pytest.param(
            ["a", "b", "c"] * 2, "too few rows for early stopping: 6 of 3 labels", id="labels"
        ),
        pytest.param([0.5], "too few rows for early stopping: 1, some", id="values"),
    ],
)
def test_too_few_rows_for_early_stopping_are_named(labels: list[Any], complaint: str) -> None:
    dataset = Table(DATASET.rows[: len(labels)], pd.Series(labels, dtype=object))
    kind: type[XGBModel] = XGBRegressor if isinstance(labels[0], float) else XGBClassifier
    if kind is XGBClassifier:
        dataset = Table(dataset.rows, dataset.target.astype(str))
    with pytest.raises(TrainingError) as caught:
        boosting.train_boosting(
            dataset, encode(dataset), kind(**OPTIONS.booster_parameters(1)), OPTIONS, 1
        )
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"rounds": 5},
        {"n_estimators": 0},
        {"learning_rate": 0},
        {"max_depth": 0},
        {"validation_fraction": 0},
        {"validation_fraction": 0.9},
        {"early_stopping_rounds": 0},
    ],
    ids=str,
)
def test_options_out_of_range_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BoostingOptions(**options)


def test_the_libraries_name_the_installed_xgboost() -> None:
    libraries = boosting.libraries()
    assert libraries[0] in ("xgboost", "xgboost-cpu")
    assert all(metadata.version(name) for name in libraries)

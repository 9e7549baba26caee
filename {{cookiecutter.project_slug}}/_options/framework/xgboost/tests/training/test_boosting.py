"""Boosting ends when the watched rows gain no more, and its graph holds the best rounds alone."""

from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier, XGBModel, XGBRegressor

from package.training import boosting, parity, pipeline
from package.training.boosting import BoostingOptions
from package.training.data import Dataset

RANDOM = np.random.default_rng(9)
X = RANDOM.normal(size=(200, 3))
# Half of the target is noise: after some rounds, boosting learns that by heart.
Y = X[:, 0] + RANDOM.normal(size=200)
DATASET = Dataset(pd.DataFrame(X, columns=["a", "b", "c"]), pd.Series(Y))
OPTIONS = BoostingOptions(rounds=400, patience=7)


class Noting:
    """Stands for a booster, and notes which rows it is given to fit and which to watch."""

    given: tuple[np.ndarray, np.ndarray]

    def fit(self, X: Any, y: Any, *, eval_set: Any, verbose: bool) -> None:
        """Note both."""
        assert not verbose
        assert (len(X), len(eval_set[0][0])) == (len(y), len(eval_set[0][1]))
        self.given = (X, eval_set[0][0])


def fit(
    dataset: Dataset = DATASET,
    kind: type[XGBModel] = XGBRegressor,
    options: BoostingOptions = OPTIONS,
    seed: int = 1,
) -> Pipeline:
    """Return a booster that was fitted to numbers, or to whether they are above zero."""
    y = dataset.target.to_numpy(dtype=np.float32)
    if kind is XGBClassifier:
        y = (y > 0).astype(int)
    return boosting.fit(dataset, y, kind(**boosting.settings(options, seed)), options, seed)


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_boosting_ends_so_many_rounds_after_the_best(kind: type[XGBModel]) -> None:
    booster = fit(kind=kind).named_steps["model"]
    made = booster.get_booster().num_boosted_rounds()
    assert made < OPTIONS.rounds
    assert made == booster.best_iteration + 1 + OPTIONS.patience


def test_the_best_round_is_the_one_with_the_least_loss_on_watched_rows() -> None:
    booster = fit().named_steps["model"]
    losses = booster.evals_result()["validation_0"]["rmse"]
    assert booster.best_iteration == int(np.argmin(losses))
    assert losses[-1] > min(losses)


def test_patience_without_end_takes_all_rounds() -> None:
    options = BoostingOptions(rounds=30, patience=30)
    booster = fit(options=options).named_steps["model"]
    assert booster.get_booster().num_boosted_rounds() == 30


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_the_graph_has_the_best_rounds_and_no_later_one(kind: type[XGBModel]) -> None:
    fitted = fit(kind=kind)
    labels = ("no", "yes") if kind is XGBClassifier else ()
    boosting.register()

    made = pipeline.hand_over(fitted, DATASET, labels=labels, libraries=())

    answers = parity.run_graph(made.files, DATASET)
    parity.compare(made.native(DATASET), answers, tolerance=1e-4)
    booster = fitted.named_steps["model"]
    ask = booster.predict_proba if labels else booster.predict
    rounds = (0, booster.get_booster().num_boosted_rounds())
    every = ask(X.astype(np.float32), iteration_range=rounds).reshape(answers.shape)
    assert np.abs(every - answers).max() > 0.01


@pytest.mark.parametrize("kind", [XGBRegressor, XGBClassifier])
def test_one_seed_gives_one_model_and_another_watches_other_rows(kind: type[XGBModel]) -> None:
    first, second, third = (
        fit(kind=kind, seed=seed).named_steps["model"].get_booster().save_raw()
        for seed in (1, 1, 2)
    )
    assert first == second != third


def note(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return what is fitted and what is watched of a table."""
    booster: Any = Noting()
    dataset = Dataset(rows, DATASET.target)
    boosting.fit(dataset, Y.astype(np.float32), booster, OPTIONS, 1)
    given: tuple[np.ndarray, np.ndarray] = booster.given
    return given


def test_each_row_is_either_fitted_or_watched() -> None:
    fitted, watched = note(DATASET.rows)
    assert len(watched) == round(OPTIONS.watched_share * len(Y))
    assert sorted([*fitted[:, 0], *watched[:, 0]]) == sorted(X[:, 0].astype(np.float32))


def test_gaps_are_left_as_they_are() -> None:
    gaps = DATASET.rows.mask(X > 1)
    for rows in (gaps, gaps.assign(town="Łódź")):
        fitted, watched = note(rows)
        missing = np.isnan(fitted).sum() + np.isnan(watched).sum()
        assert missing == (X > 1).sum()


def test_what_only_watched_rows_hold_is_not_known() -> None:
    _, watched = note(DATASET.rows)
    alone = DATASET.rows["a"].astype(np.float32) == watched[0, 0]
    towns = np.where(alone, "Atlantis", np.where(X[:, 1] > 0, "Łódź", "São Paulo"))
    fitted, again = note(DATASET.rows[["a"]].assign(town=towns))
    assert fitted.shape[1] == again.shape[1] == 3  # a number, and two towns
    assert again[0].tolist() == [watched[0, 0], 0, 0]


def test_gaps_and_categories_are_told_apart_as_the_graph_tells_them() -> None:
    rows = pd.DataFrame({"a": X[:, 0], "town": np.where(X[:, 1] > 0, "Łódź", "São Paulo")})
    rows.loc[::4, "a"] = None
    rows.loc[1::9, "town"] = None
    target = pd.Series(np.where(rows["a"].isna(), 9.0, 0) + 3 * (rows["town"] == "Łódź"))
    dataset = Dataset(rows, target)
    fitted = fit(dataset)
    boosting.register()

    made = pipeline.hand_over(fitted, dataset, labels=(), libraries=())

    answers = parity.run_graph(made.files, dataset)
    parity.compare(made.native(dataset), answers, tolerance=1e-4)
    assert answers[:, 0] == pytest.approx(target.to_numpy(), abs=0.5)


def test_an_unseen_category_has_an_answer() -> None:
    rows = pd.DataFrame({"a": X[:, 0], "town": np.where(X[:, 1] > 0, "Łódź", "São Paulo")})
    fitted = fit(Dataset(rows, DATASET.target))
    boosting.register()
    made = pipeline.hand_over(fitted, Dataset(rows, DATASET.target), labels=(), libraries=())
    strange = Dataset(rows.assign(town="Atlantis"), DATASET.target)
    answers = parity.run_graph(made.files, strange)
    assert np.isfinite(answers).all()
    parity.compare(made.native(strange), answers, tolerance=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"n_estimators": 5},
        {"rounds": 0},
        {"learning_rate": 0},
        {"depth": 0},
        {"watched_share": 0},
        {"watched_share": 0.9},
        {"patience": 0},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BoostingOptions(**options)


def test_what_made_the_model_is_told_with_the_wheel_that_is_installed() -> None:
    libraries = boosting.libraries()
    assert libraries[0] in ("xgboost", "xgboost-cpu")
    assert all(metadata.version(name) for name in libraries)

"""A search tries values of `[model]` on folds of the training rows, and keeps the best."""

import time
import tomllib
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelserve import EstimatorOptions, Project, Table
from modelserve.artifact import Artifact
from modelserve.errors import ConfigurationError, GateError, MissingPackageError, TrainingError
from modelserve.training.config import Config
from modelserve.training.reporter import Reporter
from modelserve.training.search.run import SearchResult, search
from modelserve.training.search.section import SearchSection
from modelserve.training.search.trials import apply, make_folds
from modelserve.training.sections import Limits, Options, SplitSection
from modelserve.training.splits import load_splits
from modelserve.training.tasks import load_task
from modelserve.training.train import Run, train
from pydantic import ValidationError

from tests.engine.families import Family

FAMILIES = ("iris", "diabetes", "iris_xgboost")
Train = Callable[..., Run]
Find = Callable[..., SearchResult]
VALUES: dict[str, dict[str, list[Any]]] = {
    "iris": {"C": [0.01, 1.0, 100.0]},
    "diabetes": {"n_estimators": [2, 20], "min_samples_leaf": [5, 40]},
    "iris_xgboost": {"max_depth": [1, 3], "n_estimators": [3, 30]},
}


@pytest.fixture
def values(family: Family) -> dict[str, list[Any]]:
    """Return values to try for the family's model."""
    return VALUES[family.name]


@pytest.fixture
def find(project: Project, config: Config, values: dict[str, list[Any]]) -> Find:
    """Return a function that searches; `warnings` collects what it warns of."""
    training = load_splits(project, config).training

    def run(warnings: list[str] | None = None, **changes: Any) -> SearchResult:
        section = SearchSection(**{"values": values, "folds": 2} | changes)
        searched = config.model_copy(update={"search": section})
        collected = [] if warnings is None else warnings
        return search(project, training, searched, warn=collected.append)

    return run


def test_every_combination_is_tried_and_the_same_one_is_found_again(
    find: Find, values: dict[str, list[Any]]
) -> None:
    warnings: list[str] = []
    first, second = find(warnings), find()
    assert first == second
    assert first.finished == first.planned == np.prod([len(each) for each in values.values()])
    assert not warnings


@pytest.mark.parametrize("better", [max, min])
def test_the_best_score_is_in_the_metrics_better_direction(
    find: Find,
    config: Config,
    values: dict[str, list[Any]],
    better: Callable[[list[float]], float],
) -> None:
    names = {"classifier": {max: "roc_auc", min: "log_loss"}, "regressor": {max: "r2", min: "mae"}}
    key, tried = list(values.items())[-1]
    metric = names[config.task][better]
    alone = [find(values={key: [value]}, metric=metric).score for value in tried]
    assert len(set(alone)) > 1
    assert find(values={key: tried}, metric=metric).score == better(alone)


def test_the_search_sees_the_training_rows_only(
    model: ModuleType,
    project: Project,
    config: Config,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, seen = model.train, []

    def watch(dataset: Any, options: Options, seed: int) -> Any:
        seen.append(set(dataset.rows.index))
        return train(dataset, options, seed)

    monkeypatch.setattr(model, "train", watch)
    result = find(trials=1)
    allowed = set(load_splits(project, config).training.rows.index)
    assert len(seen) == result.folds == 2
    assert all(each < allowed for each in seen)


def test_the_best_values_are_trained_with_and_kept_in_the_provenance(
    train_again: Train, trained: Artifact, tmp_path: Path, values: dict[str, list[Any]]
) -> None:
    section = SearchSection(values=values, folds=2, trials=3)
    run = train_again(tmp_path / "model", search=section)
    assert run.search is not None
    changed = tomllib.loads(run.search.toml)
    assert changed.keys() == values.keys()
    provenance = run.artifact.manifest.provenance
    assert provenance["search"] == run.search.summary
    assert provenance["search_values"] == ", ".join(run.search.toml.splitlines())
    assert provenance.items() >= trained.manifest.provenance.items()


def test_the_values_that_are_found_give_the_same_model(
    train_again: Train, project: Project, tmp_path: Path, values: dict[str, list[Any]]
) -> None:
    run = train_again(tmp_path / "model", search=SearchSection(values=values, folds=2, trials=3))
    assert run.search is not None
    found = project.options.model_validate(tomllib.loads(run.search.toml))
    again = train_again(tmp_path / "again", model=found.at(project.root)).artifact.manifest
    assert again.metrics == run.artifact.manifest.metrics
    assert again.version == run.artifact.manifest.version


def test_a_trial_that_fails_is_reported_and_skipped(
    model: ModuleType, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, calls = model.train, []

    def fail_first(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 1:
            raise ValueError("no such\nsolver" + "!" * 1_000)
        return train(*given)

    monkeypatch.setattr(model, "train", fail_first)
    warnings: list[str] = []
    result = find(warnings)
    assert result.failed == 1
    assert "1 failed" in result.summary
    assert warnings[0].startswith("A trial failed with ")
    assert "ValueError: no such solver!!!" in warnings[0]
    assert len(warnings[0]) < 500


def test_trials_that_all_fail_are_an_error_with_the_reason(
    model: ModuleType, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(model, "train", fail)
    with pytest.raises(TrainingError, match=r"None of \d+ trials .*: RuntimeError: out of luck"):
        find()


@pytest.mark.parametrize("missing", [MissingPackageError, ModuleNotFoundError])
def test_a_missing_package_ends_the_search_with_its_whole_message(
    model: ModuleType, find: Find, monkeypatch: pytest.MonkeyPatch, missing: type[Exception]
) -> None:
    calls: list[Any] = []
    text = f"Install it.{' ' * 300}Run `uvx nox -s lock`."

    def fail(*given: Any) -> Any:
        calls.append(given)
        raise missing(text)

    monkeypatch.setattr(model, "train", fail)
    warnings: list[str] = []
    with pytest.raises(missing) as caught:
        find(warnings)
    assert (str(caught.value), len(calls), warnings) == (text, 1, [])


def test_the_way_out_of_a_failed_trial_is_not_cut_off(
    model: ModuleType, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{'long ' * 100}: the way out."

    def fail(*_: Any) -> Any:
        raise ConfigurationError(text)

    monkeypatch.setattr(model, "train", fail)
    warnings: list[str] = []
    with pytest.raises(TrainingError, match="the way out"):
        find(warnings)
    assert all(each.endswith(text) for each in warnings)


def test_what_was_found_is_shown_although_the_model_is_rejected(
    project: Project, config: Config, tmp_path: Path, values: dict[str, list[Any]]
) -> None:
    changes = {
        "search": SearchSection(values=values, folds=2, trials=2),
        "limits": Limits(size_bytes=1, prediction_ms=1),
    }
    shown: list[SearchResult] = []
    reporter = Reporter(show_search=shown.append)
    with pytest.raises(GateError):
        train(project, config.model_copy(update=changes), tmp_path / "model", reporter=reporter)
    assert [each.changes.keys() for each in shown] == [{(name,) for name in values}]


def test_a_search_that_ends_early_says_how_many_trials_ran(
    model: ModuleType,
    find: Find,
    values: dict[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned = int(np.prod([len(each) for each in values.values()]))
    train = model.train

    def slow(*given: Any) -> Any:
        time.sleep(0.06)
        return train(*given)

    monkeypatch.setattr(model, "train", slow)
    warnings: list[str] = []
    result = find(warnings, seconds=0.1)
    assert result.finished == 1
    assert warnings == [
        f"The search ended after 1 of {planned} trials: [search] seconds is 0.1. "
        "Another run may end elsewhere."
    ]


@pytest.mark.slow
def test_texts_are_searched_too(families: Callable[[str], Family]) -> None:
    texts = families("sentiment")
    section = SearchSection(values={"source": ["sample"]}, metric="macro_f1", folds=2)
    searched = texts.config.model_copy(update={"search": section})
    training = load_splits(texts.project, searched).training
    assert search(texts.project, training, searched, warn=print).score > 0.7


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        pytest.param({"metric": "acuracy"}, "'acuracy' .* must be one of", id="unknown metric"),
        pytest.param({"metric": "mean_confidence"}, "must be one of", id="no quality"),
        pytest.param({"values": {"depht": [1]}}, "depht: Extra inputs", id="unknown key"),
    ],
)
def test_what_does_not_fit_is_rejected_before_any_trial(
    model: ModuleType,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    complaint: str,
) -> None:
    monkeypatch.setattr(model, "train", None)
    with pytest.raises(ConfigurationError, match=complaint):
        find(**changes)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"values": {}}, id="no values"),
        pytest.param({"values": {"C": []}}, id="an empty list"),
        pytest.param({"values": {"C": 1}}, id="no list"),
        pytest.param({"values": {"C": [1]}, "folds": 1}, id="one fold"),
        pytest.param({"values": {"C": [1]}, "seconds": 0}, id="no time"),
    ],
)
def test_an_invalid_section_is_rejected(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SearchSection(**content)


def test_a_table_is_written_whole_on_one_line_with_what_the_file_has_besides() -> None:
    parameters = {"n_jobs": 1, "missing": inf, "name": "pão \U0001f35e", "C": 1.0}
    options = EstimatorOptions(estimator="LinearSVC", parameters=parameters)
    changes = {
        ("estimator",): "SVC",
        ("parameters", "C"): 1e-05,
        ("parameters", "a b"): [True, "x"],
    }
    result = SearchResult(apply(options, changes), changes, "f1", 0.5, 3, 2, 0, 2)
    assert len(result.toml.splitlines()) == 2
    assert tomllib.loads(result.toml) == {
        "estimator": "SVC",
        "parameters": parameters | {"C": 1e-05, "a b": [True, "x"]},
    }


def table(rows: int, by: str) -> Table:
    """Return rows in no order, with a column to split by."""
    order = np.random.default_rng(0).permutation(rows)
    column = order if by == "time" else order % 5
    frame = pd.DataFrame({"x": order / 7, "when": column, "y": order % 2})
    return Table.from_frame(frame, target="y", split_column="when")


def test_folds_by_time_are_validated_on_later_rows() -> None:
    dataset = table(40, "time")
    split = SplitSection(by="time", column="when")
    folds = make_folds(dataset, split, load_task("classifier"), folds=3, seed=0)
    times = dataset.split_column.to_numpy()  # type: ignore[union-attr]
    assert len(folds) == 3
    assert all(times[before].max() < times[after].min() for before, after in folds)


def test_folds_by_group_keep_groups_together() -> None:
    dataset = table(40, "group")
    split = SplitSection(by="group", column="when")
    folds = make_folds(dataset, split, load_task("classifier"), folds=3, seed=0)
    groups = dataset.split_column.to_numpy()  # type: ignore[union-attr]
    assert all(set(groups[before]).isdisjoint(groups[after]) for before, after in folds)


def test_too_few_groups_for_the_folds_are_an_error() -> None:
    split = SplitSection(by="group", column="when")
    with pytest.raises(TrainingError, match=r"cannot be divided into 9 folds.*\[search\] folds"):
        make_folds(table(40, "group"), split, load_task("classifier"), folds=9, seed=0)


def test_a_rare_label_does_not_stop_the_folds() -> None:
    frame = pd.DataFrame({"x": np.arange(30.0) / 7, "y": ["a"] * 14 + ["b"] * 15 + ["c"]})
    dataset = Table.from_frame(frame, target="y")
    folds = make_folds(dataset, SplitSection(), load_task("classifier"), folds=3, seed=0)
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(30))

"""Try values of `[model]` on folds of the training rows, and keep the best."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from ...answers import label_of, make_decision
from ...errors import (
    ConfigurationError,
    MissingPackageError,
    ServiceError,
    TrainingError,
    describe_error,
)
from ...metric_table import METRICS, info_of
from ...project import Project
from .. import parity
from ..config import Config
from ..dataset import Dataset
from ..exported_model import ExportedModel
from ..measures import classification, regression
from ..measures.predictions import ValuePredictions
from ..sections import Options
from ..tasks import load_task
from ..threshold import DEFAULT
from .trials import MAX_SHOWN, Changes, Fold, choose_trials, make_folds

Track = Callable[[Sequence[Any]], Iterable[Any]]
DEFAULT_METRIC = {"classifier": "log_loss", "regressor": "mae"}


class SearchResult(NamedTuple):
    """The best of some trials.

    `score` is the mean of the metric over the folds; `finished` trials have one, `failed` ones
    ended in an error, and `planned` is how many there would have been in unbounded time.
    """

    options: Options
    changes: Changes
    metric: str
    score: float
    folds: int
    finished: int
    failed: int
    planned: int

    @property
    def toml(self) -> str:
        """Return lines for `[model]`; a table is whole, for TOML adds no key to an inline one."""
        whole = self.options.model_dump(exclude_unset=True)
        values = {
            path[0]: value if len(path) == 1 else whole[path[0]]
            for path, value in self.changes.items()
        }
        return "\n".join(f"{_key(name)} = {_value(value)}" for name, value in values.items())

    @property
    def summary(self) -> str:
        """Return what was searched, and the best score."""
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{self.metric} {self.score:.4g}, the best of {self.finished} trials on {self.folds} "
            f"folds ({self.planned} planned{failed})"
        )

    def describe(self, exported: ExportedModel) -> ExportedModel:
        """Return a model with the search in its provenance."""
        origin = {"search": self.summary, "search_values": ", ".join(self.toml.splitlines())}
        return exported._replace(provenance={**exported.provenance, **origin})


def search(
    project: Project,
    training: Dataset,
    config: Config,
    *,
    track: Track = iter,
    warn: Callable[[str], None],
) -> SearchResult:
    """Return the best options by cross-validation; the test and calibration rows are not seen.

    Args:
        project: trains the models.
        training: the training rows.
        config: `[search]`, `[model]` and the seed.
        track: passes the trials on, and shows the progress.
        warn: is given each trial that failed, and a search that ended early.

    Raises:
        ConfigurationError: the metric or a key of `[model]` is unknown.
        TrainingError: the rows cannot be divided, every trial failed, or a package is missing.
    """
    section = config.search
    if section is None:
        raise ConfigurationError("config/training.toml has no [search]; add it.")
    metric = section.metric or DEFAULT_METRIC[config.task]
    sign = _sign(metric, config)
    trials = choose_trials(section, config.model, config.seed)
    folds = make_folds(
        training, config.split, load_task(config.task), folds=section.folds, seed=config.seed
    )
    until = time.monotonic() + section.seconds
    scores: list[tuple[float, Changes, Options]] = []
    failures: list[str] = []
    for changes, options in track(trials):
        if (scores or failures) and time.monotonic() > until:
            break
        end = until if scores else inf  # the first result is waited for
        try:
            score = _score(project, training, config, options, folds, metric, end)
        except (MissingPackageError, ModuleNotFoundError):
            raise  # no other trial would find it
        except Exception as error:  # pylint: disable=broad-exception-caught  # any of an estimator
            failures.append(_reason(error))
            warn(f"A trial failed with {_show(changes)}: {failures[-1]}")
            continue
        if score is None:
            break
        scores.append((score, changes, options))
    if not scores:
        raise TrainingError(
            f"None of {len(failures)} trials of [search] succeeded; the last one: {failures[-1]}"
        )
    done = len(scores) + len(failures)
    if done < len(trials):
        warn(
            f"The search ended after {done} of {len(trials)} trials: [search] seconds is "
            f"{section.seconds:g}. Another run may end elsewhere."
        )
    score, changes, options = min(scores, key=lambda each: -sign * each[0])
    return SearchResult(
        options, changes, metric, score, len(folds), len(scores), len(failures), len(trials)
    )


def _sign(metric: str, config: Config) -> int:
    """Return 1 where a higher metric is better, and -1 where a lower one is.

    Raises:
        ConfigurationError: the metric is unknown, or does not measure quality.
    """
    info = info_of(metric)
    if info is None or info.task != config.task or info.better is None:
        known = [n for n, each in METRICS.items() if each.task == config.task and each.better]
        raise ConfigurationError(
            f"[search] metric = {metric[:40]!r} in config/training.toml must be one of "
            f"{', '.join(known)}."
        )
    return 1 if info.better == "higher" else -1


def _score(
    project: Project,
    training: Dataset,
    config: Config,
    options: Options,
    folds: Sequence[Fold],
    metric: str,
    until: float,
) -> float | None:
    """Return the mean of the metric over the folds; None where the time is over."""
    scores: list[float] = []
    for fitted, held_out in folds:
        if scores and time.monotonic() > until:
            return None
        exported = project.train(training.take(fitted), options, config.seed)
        rows = training.take(held_out)
        if exported.labels:
            names = list(map(label_of, rows.target))
            rows = rows.take(np.flatnonzero(np.isin(names, exported.labels)))
        scores.append(_measure(exported, rows, config, metric))
    return float(np.mean(scores))


def _measure(exported: ExportedModel, rows: Dataset, config: Config, metric: str) -> float:
    """Return a metric of a model on some rows.

    Raises:
        TrainingError: it cannot be computed.
    """
    outputs, target = parity.run_graph(exported.files, rows), rows.target.tolist()
    if not np.isfinite(outputs).all():
        raise TrainingError("The model returns no finite numbers.")
    result: float | str
    if exported.labels:
        threshold = config.target.threshold
        number = threshold if isinstance(threshold, float) else DEFAULT
        decision = make_decision(exported.labels, config.target.positive, number)
        functions = classification.functions_of(exported.labels)
        given = classification.predict_labels(target, outputs, exported.labels, decision)
        result = functions[metric](given)
    else:
        values = np.asarray(target, dtype=np.float64), outputs[:, 0].astype(np.float64)
        result = regression.METRICS[metric](ValuePredictions(*values, interval=None))
    if isinstance(result, str):
        raise TrainingError(f"{metric} cannot be computed: {result}.")
    return result


def _reason(error: Exception) -> str:
    """Return why a trial failed; the library's own errors end with a way out, and stay whole."""
    if isinstance(error, ServiceError):
        return str(error)
    return describe_error(error, longest=MAX_SHOWN)


def _show(changes: Changes) -> str:
    text = ", ".join(f"{'.'.join(path)} = {value!r}" for path, value in changes.items())
    return text[:MAX_SHOWN]


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float):
        return repr(value)  # TOML writes inf and nan as Python does
    return json.dumps(value, ensure_ascii=False, default=str)
